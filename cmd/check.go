package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"gonix.dev/gonix/lsp"
	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/lsp/scope"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// checkOptions are the flags of gonix check.
type checkOptions struct {
	werror, json, sarif, fix bool
	noOptions                bool
	conf                     *settingsFlags
	level                    string
	severity                 []string
}

func newCheckCmd(env *Env) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Find problems in Nix files",
		Long: `Check reports what the language server reports: syntax errors, undefined and
unused names, deprecated syntax, wrong arguments and more; docs/diagnostics.md
lists the codes. It looks at the files given and at all *.nix files below the
folders given, the current one by default.

Files that are modules of a system that is found, as docs/lsp.md tells, are checked
for options that there are not and values of the wrong type. For that the modules
are evaluated; nothing else is, and nothing is built.

It exits with 1 when there are errors; with --werror, when there are warnings.`,
		Example: `  gonix check
  gonix check --werror ./modules
  gonix check --severity unused-formal=off --sarif > report.sarif
  gonix check --fix default.nix`,
		RunE: func(c *cobra.Command, args []string) error {
			if o.json && o.sarif {
				return usageErrorf("--json and --sarif exclude each other")
			}
			return runCheck(c.Context(), env, o, args)
		},
	}
	o.conf = addSettingsFlags(c)
	f := c.Flags()
	f.BoolVar(&o.werror, "werror", false, "fail when there are warnings, too")
	f.BoolVar(&o.json, "json", false, "print the findings as JSON")
	f.BoolVar(&o.sarif, "sarif", false, "print the findings as SARIF 2.1.0, for code scanning")
	f.BoolVar(&o.fix, "fix", false, "apply the fixes that do not change what the files mean")
	f.BoolVar(&o.noOptions, "no-options", false, "evaluate nothing: leave the options of modules unchecked")
	f.StringVar(&o.level, "level", "warning", "the least `SEVERITY` to report: error, warning, information or hint")
	f.StringArrayVar(&o.severity, "severity", nil, "the severity of a code, as `CODE=SEVERITY`; off leaves it out")
	return c
}

// finding is one diagnostic with its place, as people count.
type finding struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Severity  string `json:"severity"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Fixable   bool   `json:"fixable"`

	level analysis.Severity
	text  string // the line
}

func runCheck(ctx context.Context, env *Env, o checkOptions, args []string) error {
	least, err := analysis.ParseSeverity(o.level)
	if err != nil || least == analysis.Off {
		return usageErrorf("--level: %q is none of error, warning, information, hint", o.level)
	}
	severity := map[string]string{}
	for _, s := range o.severity {
		code, name, ok := strings.Cut(s, "=")
		if _, err := analysis.ParseSeverity(name); !ok || err != nil {
			return usageErrorf("--severity: %q is not CODE=SEVERITY", s)
		}
		severity[code] = name
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	files, err := nixFiles(env, args)
	if err != nil {
		return err
	}
	findings := []finding{}
	checker := checker{env: env, trees: map[string]*ast.File{}, unchecked: map[string]bool{}}
	if !o.noOptions {
		s, err := o.conf.load(env)
		if err != nil {
			return err
		}
		checker.options = lsp.NewOptionChecker(lspOptions(env, s), workspaces(env, args)...)
		defer checker.options.Close()
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		found, err := checker.check(ctx, file, severity, o.fix)
		if err != nil {
			return err
		}
		for _, f := range found {
			if f.level <= least {
				findings = append(findings, f)
			}
		}
	}
	switch {
	case o.json:
		err = writeJSON(env, findings)
	case o.sarif:
		err = writeJSON(env, sarifReport(findings))
	default:
		err = printFindings(env, findings, len(files))
	}
	if err != nil {
		return err
	}
	for _, f := range findings {
		if f.level == analysis.Error || o.werror && f.level == analysis.Warning {
			return &exitError{Code: 1}
		}
	}
	return nil
}

// nixFiles returns the files that arguments name, as paths relative to the
// working directory where they were given so.
func nixFiles(env *Env, args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		info, err := os.Stat(inDir(env, arg))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, errors.Unwrap(err))
		}
		if !info.IsDir() {
			out = append(out, filepath.Clean(arg))
			continue
		}
		err = filepath.WalkDir(inDir(env, arg), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			hidden := strings.HasPrefix(e.Name(), ".") && path != inDir(env, arg)
			switch {
			case e.IsDir() && (hidden || e.Name() == "node_modules"):
				return filepath.SkipDir
			case !e.IsDir() && strings.HasSuffix(path, ".nix") && e.Type().IsRegular():
				rel, err := filepath.Rel(inDir(env, arg), path)
				if err != nil {
					return err
				}
				out = append(out, filepath.Join(arg, rel))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(out)
	return slices.Compact(out), nil
}

// checker remembers the trees of files that others import.
type checker struct {
	env       *Env
	trees     map[string]*ast.File
	options   *lsp.OptionChecker
	unchecked map[string]bool // why options were not, as told already
}

// checkOptions finds what is wrong with the options that a file sets. That some
// cannot be evaluated is worth saying, and no finding.
func (c *checker) checkOptions(ctx context.Context, file, path string, f *ast.File) []analysis.Diagnostic {
	if c.options == nil {
		return nil
	}
	found, err := c.options.Check(ctx, path, f)
	if err != nil && ctx.Err() == nil && !c.unchecked[err.Error()] {
		c.unchecked[err.Error()] = true
		fmt.Fprintf(c.env.Stderr, "note: the options that %s sets are not checked: %v\n", file, err)
	}
	return found
}

// workspaces are the folders whose files tell of what system a module is part: the
// working directory, and the folders of files outside of it.
func workspaces(env *Env, args []string) []string {
	out := []string{env.Dir}
	for _, arg := range args {
		dir := inDir(env, arg)
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			dir = filepath.Dir(dir)
		}
		if rel, err := filepath.Rel(env.Dir, dir); err != nil || strings.HasPrefix(rel, "..") {
			out = append(out, dir)
		}
	}
	return out
}

// parse returns the tree that an import of a path reads, or nil.
func (c *checker) parse(path string) *ast.File {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "default.nix")
	}
	f, ok := c.trees[path]
	if !ok {
		if data, err := os.ReadFile(path); err == nil {
			f = parser.Parse(path, string(data), parser.PipeOperators)
		}
		c.trees[path] = f
	}
	return f
}

func (c *checker) check(ctx context.Context, file string, severity map[string]string, fix bool) ([]finding, error) {
	path := inDir(c.env, file)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	stop := func() bool { return ctx.Err() != nil }
	src, opts := string(data), analysis.Options{Path: path, Stop: stop}
	if fix {
		wanted := func(d analysis.Diagnostic) bool {
			return len(analysis.WithSeverities([]analysis.Diagnostic{d}, severity)) > 0 && d.Severity <= analysis.Warning
		}
		fixed := analysis.FixAll(src, opts, wanted, func(f analysis.Fix) bool { return f.Safe })
		if fixed != src && ctx.Err() == nil {
			if err := renameio.WriteFile(path, []byte(fixed), 0o666); err != nil {
				return nil, err
			}
			src = fixed
		}
	}
	f := parser.ParseUntil(stop, path, src, parser.PipeOperators|parser.KeepComments)
	info := scope.ResolveUntil(stop, f)
	found := analysis.Check(f, info, opts)
	found = append(found, analysis.CheckWorld(f, info, opts, analysis.World{
		Exists: func(path string) bool { _, err := os.Lstat(path); return err == nil },
		Parse:  c.parse,
	})...)
	found = append(found, c.checkOptions(ctx, file, path, f)...)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Start < found[j].Start })
	var out []finding
	for _, d := range analysis.WithSeverities(found, severity) {
		start, end := f.Position(d.Start), f.Position(d.End)
		out = append(out, finding{
			File: filepath.ToSlash(file), Line: start.Line, Column: start.Column, EndLine: end.Line, EndColumn: end.Column,
			Severity: d.Severity.String(), Code: d.Code, Message: d.Msg, Fixable: len(d.Fixes) > 0,
			level: d.Severity, text: f.Line(start.Line),
		})
	}
	return out, nil
}

// printFindings writes findings for people: on standard output, as a compiler
// does.
func printFindings(env *Env, findings []finding, files int) error {
	styles := map[analysis.Severity]string{analysis.Error: styleError, analysis.Warning: styleWarning, analysis.Information: styleWarning, analysis.Hint: styleWarning}
	paint := func(style, s string) string { return env.paint(env.Stdout, style, s) }
	counts := map[analysis.Severity]int{}
	for _, f := range findings {
		counts[f.level]++
		_, err := fmt.Fprintf(env.Stdout, "%s:%d:%d: %s: %s [%s]\n", f.File, f.Line, f.Column, paint(styles[f.level], f.Severity), f.Message, f.Code)
		if err != nil {
			return err
		}
		if f.text != "" && f.Column <= len(f.text)+1 {
			width := 1
			if f.EndLine == f.Line {
				width = max(1, f.EndColumn-f.Column)
			} else {
				width = max(1, len(f.text)-f.Column+1)
			}
			lead := []byte(f.text[:f.Column-1])
			for i, b := range lead {
				if b != '\t' {
					lead[i] = ' '
				}
			}
			fmt.Fprintf(env.Stdout, "    %s\n    %s%s\n", f.text, lead, paint(styles[f.level], strings.Repeat("^", width)))
		}
	}
	plural := func(n int, what string) string {
		if n != 1 {
			what += "s"
		}
		return fmt.Sprintf("%d %s", n, what)
	}
	_, err := fmt.Fprintf(env.Stderr, "%s, %s in %s\n", plural(counts[analysis.Error], "error"), plural(counts[analysis.Warning], "warning"), plural(files, "file"))
	return err
}

func writeJSON(env *Env, v any) error {
	enc := json.NewEncoder(env.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
