package cmd

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/excerpt"
	"gonix.dev/gonix/parser/print"
	"gonix.dev/gonix/parser/resolve"
)

func newParseCmd(env *Env) *cobra.Command {
	var expr string
	var asJSON bool
	c := &cobra.Command{
		Use:   "parse [FILE | -]",
		Short: "Show how Nix text is read",
		Long: `Parse reads Nix text and prints the expression the way nix-instantiate --parse
does: on one line, fully parenthesised, with attribute paths merged. It reports
all syntax errors, attributes that are defined twice, and undefined variables.

With --json it prints the syntax tree as it was written, with the position of
every node in bytes, syntax errors included.`,
		Example: `  gonix parse default.nix
  gonix parse --expr '{ a.b = 1; a.c = 2; }'
  gonix parse --json - < flake.nix`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().StringVarP(&expr, "expr", "E", "", "read the Nix text `TEXT` instead of a file")
	c.Flags().BoolVar(&asJSON, "json", false, "print the syntax tree as JSON")
	conf := addSettingsFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if c.Flags().Changed("expr") == (len(args) > 0) {
			return usageErrorf("parse one of FILE, - and --expr")
		}
		s, err := conf.load(env)
		if err != nil {
			return err
		}
		var mode parser.Mode
		if s.Feature("pipe-operators") {
			mode |= parser.PipeOperators
		}
		f, dir, err := parseSource(env, args, expr, mode)
		if err != nil {
			return err
		}
		if asJSON {
			out, err := print.JSON(f)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stdout, "%s\n", out)
		}
		for _, w := range f.Warnings {
			pos := f.Position(w.Start)
			warnf(env, "at %s:%d:%d: %s", f.Name, pos.Line, pos.Column, w.Msg)
		}
		errs := f.Errors
		if len(errs) == 0 && !asJSON {
			errs = nameErrors(f)
		}
		if len(errs) > 0 || asJSON {
			return reportSource(env, f, errs)
		}
		out, dup := print.File(f, print.Options{Dir: dir, Home: env.Getenv("HOME")})
		if dup != nil {
			return &sourceError{f, dup}
		}
		fmt.Fprintln(env.Stdout, out)
		return nil
	}
	return c
}

// parseSource parses a file, standard input or the text of --expr, and returns
// the directory that relative paths in it start from.
func parseSource(env *Env, args []string, expr string, mode parser.Mode) (*ast.File, string, error) {
	if len(args) == 0 {
		return parser.Parse("«string»", expr, mode), env.Dir, nil
	}
	if args[0] == "-" {
		text, err := io.ReadAll(env.Stdin)
		if err != nil {
			return nil, "", fmt.Errorf("read standard input: %w", err)
		}
		return parser.Parse("«stdin»", string(text), mode), env.Dir, nil
	}
	file := inDir(env, args[0])
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, "default.nix")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, "", err
	}
	return parser.Parse(file, string(text), mode), filepath.Dir(file), nil
}

// nameErrors returns what is wrong with the names in a file without syntax
// errors: duplicates, else undefined variables.
func nameErrors(f *ast.File) []*ast.Error {
	names := resolve.Resolve(f, resolve.IsGlobal)
	errs := names.Errors
	if len(errs) > 0 {
		return errs
	}
	for _, u := range names.Undefined() {
		errs = append(errs, &ast.Error{
			Span: u.Span, Code: "undefined", Msg: fmt.Sprintf("undefined variable '%s'", u.Name),
		})
	}
	return errs
}

// reportSource shows the errors of a file: all but the last here, the last as
// its result.
func reportSource(env *Env, f *ast.File, errs []*ast.Error) error {
	if len(errs) == 0 {
		return nil
	}
	last := len(errs) - 1
	for _, e := range errs[:last] {
		printError(env, &sourceError{f, e})
	}
	return &sourceError{f, errs[last]}
}

// sourceError shows an error in Nix text with its place, like Nix.
type sourceError struct {
	file *ast.File
	err  *ast.Error
}

func (e *sourceError) Error() string {
	pos := e.file.Position(e.err.Start)
	place := fmt.Sprintf("%s:%d:%d", e.file.Name, pos.Line, pos.Column)
	return excerpt.Message(e.err.Msg, place, e.file.Src, pos.Line, pos.Column)
}
