// Package config is what users may set about the language server: the `gonix`
// section of their editor's settings. Everything works without any of it.
package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// Schema is the JSON schema of the section, as shipped to editors.
//
//go:embed schema.json
var Schema []byte

// Config is the section. Use [Default] for the settings of a user who has set
// nothing, and [Config.Merge] to lay what the editor sent over them.
type Config struct {
	Diagnostics    Diagnostics    `json:"diagnostics"`
	Eval           Eval           `json:"eval"`
	Completion     Completion     `json:"completion"`
	Hover          Hover          `json:"hover"`
	InlayHints     InlayHints     `json:"inlayHints"`
	CodeLens       CodeLens       `json:"codeLens"`
	SemanticTokens SemanticTokens `json:"semanticTokens"`
	Embedded       Embedded       `json:"embedded"`
}

// Diagnostics says what is reported, and how loudly.
type Diagnostics struct {
	Enable bool `json:"enable"`
	// Severity overrides the severity of a code: "error", "warning",
	// "information", "hint" or "off".
	Severity map[string]string `json:"severity"`
	// Exclude are glob patterns of paths below a workspace folder that get no
	// diagnostics.
	Exclude []string `json:"exclude"`
	// DelayMS is how long typing must pause before diagnostics are pushed.
	DelayMS int `json:"delayMs"`
}

// Eval bounds the live evaluator.
type Eval struct {
	Enable bool `json:"enable"`
	// TimeLimitMS is for one evaluation.
	TimeLimitMS int `json:"timeLimitMs"`
	// MemoryLimitMB is for the worker process.
	MemoryLimitMB int `json:"memoryLimitMb"`
	// NixPath are search path entries, such as "nixpkgs=/path"; those of the
	// environment when empty.
	NixPath []string `json:"nixPath"`
	// Diagnostics reports evaluation errors of the file being edited.
	Diagnostics bool `json:"diagnostics"`
}

// Completion bounds what is offered.
type Completion struct {
	MaxItems int  `json:"maxItems"`
	Snippets bool `json:"snippets"`
}

// Hover says what pop-ups show.
type Hover struct {
	Values bool `json:"values"`
}

// InlayHints chooses hints.
type InlayHints struct {
	PackageVersions bool `json:"packageVersions"`
	InheritSources  bool `json:"inheritSources"`
	// BindingEnds is how many lines a binding has at least whose end tells its name;
	// 0 for none.
	BindingEnds int `json:"bindingEnds"`
}

// CodeLens switches the commands above bindings.
type CodeLens struct {
	Enable bool `json:"enable"`
}

// SemanticTokens switches highlighting by the server.
type SemanticTokens struct {
	Enable bool `json:"enable"`
}

// Embedded switches the other languages inside strings.
type Embedded struct {
	Enable bool `json:"enable"`
}

// Default returns the settings of a user who has set nothing.
func Default() Config {
	return Config{
		Diagnostics:    Diagnostics{Enable: true, DelayMS: 150},
		Eval:           Eval{Enable: true, TimeLimitMS: 10000, MemoryLimitMB: 2048, Diagnostics: true},
		Completion:     Completion{MaxItems: 200, Snippets: true},
		Hover:          Hover{Values: true},
		InlayHints:     InlayHints{PackageVersions: true, InheritSources: true, BindingEnds: 25},
		CodeLens:       CodeLens{Enable: true},
		SemanticTokens: SemanticTokens{Enable: true},
		Embedded:       Embedded{Enable: true},
	}
}

// Merge lays settings as an editor sends them over c. It takes the section
// itself or an object that has it under "gonix"; null and nothing change
// nothing. With an error, c is returned as it was.
func (c Config) Merge(settings []byte) (Config, error) {
	if s := strings.TrimSpace(string(settings)); s == "" || s == "null" {
		return c, nil
	}
	var outer struct {
		Gonix json.RawMessage `json:"gonix"`
	}
	if err := json.Unmarshal(settings, &outer); err != nil {
		return c, fmt.Errorf("settings: %w", err)
	}
	if outer.Gonix != nil {
		return c.Merge(outer.Gonix)
	}
	next := c
	// Maps would be merged in place, into the one that c still holds.
	next.Diagnostics.Severity = nil
	if err := json.Unmarshal(settings, &next); err != nil {
		return c, fmt.Errorf("settings: %w", err)
	}
	if next.Diagnostics.Severity == nil {
		next.Diagnostics.Severity = c.Diagnostics.Severity
	}
	for _, bound := range []struct {
		name         string
		value, least int
	}{
		{"diagnostics.delayMs", next.Diagnostics.DelayMS, 0},
		{"eval.timeLimitMs", next.Eval.TimeLimitMS, 1},
		{"eval.memoryLimitMb", next.Eval.MemoryLimitMB, 64},
		{"completion.maxItems", next.Completion.MaxItems, 1},
		{"inlayHints.bindingEnds", next.InlayHints.BindingEnds, 0},
	} {
		if bound.value < bound.least {
			return c, fmt.Errorf("settings: %s: %d is less than %d", bound.name, bound.value, bound.least)
		}
	}
	for code, severity := range next.Diagnostics.Severity {
		switch severity {
		case "error", "warning", "information", "hint", "off":
		default:
			return c, fmt.Errorf("settings: diagnostics.severity.%s: %q is none of error, warning, information, hint, off", code, severity)
		}
	}
	return next, nil
}
