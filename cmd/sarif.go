package cmd

import (
	"unicode/utf8"

	"gonix.dev/gonix/lsp/analysis"
)

// The part of SARIF 2.1.0, the exchange format of code scanners, that gonix check
// writes.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
		HelpURI          string    `json:"helpUri"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

// sarifReport makes a report of findings.
func sarifReport(findings []finding) sarifLog {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "gonix", Version: version, InformationURI: "https://gonix.dev"}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	for _, r := range analysis.Rules() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: r.Code, ShortDescription: sarifText{r.Summary}, HelpURI: "https://gonix.dev/docs/diagnostics#" + r.Code,
		})
	}
	levels := map[analysis.Severity]string{analysis.Error: "error", analysis.Warning: "warning"}
	for _, f := range findings {
		if f.EndLine == f.Line {
			f.EndColumn = codePoints(f.text, f.EndColumn)
		}
		f.Column = codePoints(f.text, f.Column)
		level := levels[f.level]
		if level == "" {
			level = "note"
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Code, Level: level, Message: sarifText{f.Message},
			Locations: []sarifLocation{{sarifPhysical{sarifArtifact{f.File}, sarifRegion{f.Line, f.Column, f.EndLine, f.EndColumn}}}},
		})
	}
	return sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
}

// codePoints converts a column counted in bytes of a line.
func codePoints(line string, column int) int {
	return utf8.RuneCountInString(line[:min(column-1, len(line))]) + 1
}
