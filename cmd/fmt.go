package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"unsafe"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/formatter"
	"gonix.dev/gonix/parser"
)

// fmtOptions are the flags of gonix fmt.
type fmtOptions struct {
	check, diff, list, verify, quiet, staged, mergetool, strict bool

	width, indent int
	filename      string

	ast, ir bool // show these instead

	// nixfmt leaves out what nixfmt does not have: ignored files are formatted,
	// files that are not *.nix are not, and there is no progress.
	nixfmt bool
}

// The garbage collector need not run every few files, as what is alive at any time
// is small; but large files must not make the process large.
const (
	gcPercent   = 1000
	memoryLimit = 140 << 20 // bytes
)

func newFmtCmd(env *Env) *cobra.Command {
	var o fmtOptions
	c := &cobra.Command{
		Use:   "fmt [FILE | DIR | -]...",
		Short: "Format Nix files in the standard style",
		Long: `Fmt formats Nix files in place, in the one standard style, exactly like nixfmt
1.2.0. In folders it formats all *.nix files that git does not ignore. With - or
without arguments it formats standard input to standard output.

A file with a syntax error is left as it is and reported; the others are still
formatted. With --check, --diff or --list-different no file is changed, and the
exit status is 1 when there are files that would be.

With --staged it formats what is staged for the next commit, in the index and,
around changes that are not staged, in the working tree.`,
		Example: `  gonix fmt .
  gonix fmt --check --diff pkgs/
  gonix fmt --filename flake.nix < flake.nix
  gonix fmt --staged`,
		RunE: func(c *cobra.Command, args []string) error { return runFmt(c.Context(), env, o, args) },
	}
	o.addFlags(c)
	f := c.Flags()
	f.BoolVarP(&o.diff, "diff", "d", false, "show what would change, as a unified diff")
	f.BoolVarP(&o.list, "list-different", "l", false, "print the names of files that would change")
	f.BoolVar(&o.staged, "staged", false, "format what is staged for the next git commit")
	f.StringVar(&o.filename, "stdin-filepath", "", "the same as --filename")
	return c
}

// addFlags adds the flags that nixfmt has, too.
func (o *fmtOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVarP(&o.check, "check", "c", false, "change nothing; report files that are not formatted")
	f.IntVarP(&o.width, "width", "w", formatter.DefaultWidth, "the `COLUMNS` that lines should have at most")
	f.IntVar(&o.indent, "indent", formatter.DefaultIndent, "the `COLUMNS` of a level of indentation")
	f.BoolVarP(&o.strict, "strict", "s", false, "ignore where the input breaks its lines")
	f.BoolVarP(&o.verify, "verify", "v", false, "check that the result means the same and is stable")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "report nothing; the exit status tells")
	f.BoolVarP(&o.mergetool, "mergetool", "m", false, "run as a git mergetool: BASE LOCAL REMOTE MERGED")
	f.StringVarP(&o.filename, "filename", "f", "", "the `PATH` that standard input is said to be from")
}

// newNixfmt makes the command that gonix is when it is called nixfmt.
func newNixfmt(env *Env, name string) *cobra.Command {
	o := fmtOptions{nixfmt: true}
	c := &cobra.Command{
		Use:           name + " [FILES]",
		Short:         "Format Nix source code",
		Long:          "Like nixfmt 1.2.0. Under its own name, gonix fmt does more.",
		Example:       "  " + name + " --check default.nix",
		Version:       "1.2.0",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
	}
	o.addFlags(c)
	c.Flags().BoolP("version", "V", false, "print version information")
	c.Flags().BoolVarP(&o.ast, "ast", "a", false, "print the syntax tree as JSON instead of formatting")
	c.Flags().BoolVar(&o.ir, "ir", false, "print the document that is laid out instead of formatting")
	numeric := c.Flags().Bool("numeric-version", false, "print just the version number")
	c.SetVersionTemplate("nixfmt {{.Version}}\n")
	c.RunE = func(c *cobra.Command, args []string) error {
		if *numeric {
			_, err := fmt.Fprintln(env.Stdout, c.Version)
			return err
		}
		return runFmt(c.Context(), env, o, args)
	}
	return c
}

func runFmt(ctx context.Context, env *Env, o fmtOptions, args []string) error {
	switch {
	case o.width < 0 || o.indent < 0:
		return usageErrorf("--width and --indent cannot be negative")
	case o.ast, o.ir:
		return fmtDebug(env, o, args)
	case o.mergetool:
		return mergeTool(ctx, env, o, args)
	case o.staged:
		return fmtStaged(ctx, env, o, args)
	case len(args) == 0 || len(args) == 1 && args[0] == "-":
		if f, ok := env.Stdin.(*os.File); ok && len(args) == 0 && terminal(f) {
			return usageErrorf("give files or folders to format, or - for standard input")
		}
		return fmtStdin(ctx, env, o)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	files, err := fmtFiles(env, o, args)
	if err != nil {
		return err
	}
	run := fmtRun{env: env, o: o, files: files}
	return run.run(ctx)
}

// options returns the style that the flags ask for.
func (o *fmtOptions) options() formatter.Options {
	// In formatter.Options zero is the default; nothing is what -1 is for.
	nonzero := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	return formatter.Options{Width: nonzero(o.width), Indent: nonzero(o.indent), Strict: o.strict}
}

// readOnly reports whether the flags ask what would change, rather than for the
// change.
func (o *fmtOptions) readOnly() bool { return o.check || o.diff || o.list }

// textFormatter formats one text after the other in the same memory.
type textFormatter struct {
	arena     parser.Arena
	formatter formatter.Formatter
	large     bool // the last text was
}

// maxKeep is the size of the largest text whose memory is kept for the next one.
const maxKeep = 1 << 20

// format formats a text. The result is valid until the next call with f.
func (o *fmtOptions) format(ctx context.Context, f *textFormatter, name string, src []byte) ([]byte, error) {
	if f.large {
		*f = textFormatter{}
	}
	f.large = len(src) > maxKeep
	// The text is not changed while file is in use.
	text := unsafe.String(unsafe.SliceData(src), len(src))
	file := f.arena.Parse(name, text, parser.KeepTokens|parser.PipeOperators)
	out, err := f.formatter.Format(ctx, file, o.options())
	if err != nil {
		return nil, err
	}
	if o.verify {
		if err := formatter.Verify(ctx, file, string(out), o.options()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stdinName is what standard input is called in messages.
func (o *fmtOptions) stdinName() string {
	if o.filename == "" {
		return "<stdin>"
	}
	return o.filename
}

// fmtStdin formats standard input.
func fmtStdin(ctx context.Context, env *Env, o fmtOptions) error {
	name := o.stdinName()
	src, err := io.ReadAll(env.Stdin)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	var f textFormatter
	out, err := o.format(ctx, &f, name, src)
	if err != nil {
		return o.failed(env, err)
	}
	if !o.readOnly() {
		_, err := env.Stdout.Write(out)
		return err
	}
	return o.unformatted(env, o.report(env, name, src, out))
}

// report is what there is to say of a formatted file, to be printed later.
type fmtReport struct {
	different bool
	stdout    []byte
	stderr    string
	err       error
}

func (o *fmtOptions) report(env *Env, name string, src, out []byte) fmtReport {
	if bytes.Equal(src, out) {
		return fmtReport{}
	}
	r := fmtReport{different: true}
	if o.diff {
		r.stdout = unifiedDiff(name, string(src), string(out), env.color(env.Stdout))
	}
	if o.list {
		r.stdout = append(r.stdout, name+"\n"...)
	}
	if o.check && !o.list && !o.diff && !o.quiet {
		r.stderr = name + ": not formatted\n"
	}
	return r
}

// unformatted prints the report on one file and makes it an exit status.
func (o *fmtOptions) unformatted(env *Env, r fmtReport) error {
	if err := r.print(env); err != nil {
		return err
	}
	if r.different && o.readOnly() {
		return &exitError{Code: 1}
	}
	return nil
}

func (r *fmtReport) print(env *Env) error {
	if _, err := env.Stdout.Write(r.stdout); err != nil {
		return err
	}
	_, err := io.WriteString(env.Stderr, r.stderr)
	return err
}

// failed shows why a file was not formatted, and makes it an exit status.
func (o *fmtOptions) failed(env *Env, err error) error {
	if !o.quiet {
		for _, err := range fmtErrors(err) {
			printError(env, err)
		}
	}
	return &exitError{Code: 1}
}

// fmtErrors returns the errors to show for a file: all of its syntax errors.
func fmtErrors(err error) []error {
	var syntax *formatter.SyntaxError
	if !errors.As(err, &syntax) {
		return []error{err}
	}
	var all []error
	for _, e := range syntax.File.Errors {
		if !formatter.Tolerates(e) {
			all = append(all, &sourceError{syntax.File, e})
		}
	}
	return all
}
