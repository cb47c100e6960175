package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// World is what a shell is given.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Dir            string   // absolute
	Env            []string // KEY=VALUE
	Self           string   // this program, to run as "sh"; "" if it cannot be
}

// Names are the program names that Main answers to.
func Names() []string { return []string{"sh", "ash", "busybox"} }

// Main runs the program that args[0] names: a shell, or `busybox APPLET`. It
// returns the exit status.
func Main(ctx context.Context, w World, args []string) int {
	name := filepath.Base(args[0])
	if name == "busybox" {
		args = args[1:]
		if len(args) == 0 {
			fmt.Fprintf(w.Stdout, "The shell and file tools of gonix: %s\n", strings.Join(Applets(), " "))
			return 0
		}
		name = args[0]
	}
	if name != "sh" && name != "ash" && name != "bash" {
		if applets[name] == nil {
			fmt.Fprintf(w.Stderr, "%s: applet not found\n", name)
			return 127
		}
		c := &call{ctx: ctx, name: name, args: args[1:], in: w.Stdin, out: w.Stdout, err: w.Stderr, dir: w.Dir, env: w.Env}
		c.exec = func(ctx context.Context, dir string, env, argv []string, in io.Reader, out io.Writer) int {
			ww := w
			ww.Dir, ww.Env, ww.Stdin, ww.Stdout = dir, env, in, out
			return runCommand(ctx, ww, argv)
		}
		return c.run()
	}
	return runShell(ctx, w, args[1:])
}

// options are the command line of sh.
type options struct {
	set    []string // flags for `set`
	script string   // of -c
	isText bool
	file   string
	params []string
}

func parseOptions(args []string) (options, error) {
	var o options
	for len(args) > 0 && len(args[0]) > 1 && (args[0][0] == '-' || args[0][0] == '+') {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		if strings.HasPrefix(a, "--") {
			continue // --norc and such
		}
		for _, c := range a[1:] {
			switch c {
			case 'c':
				o.isText = true
			case 'o':
				if len(args) == 0 {
					return o, fmt.Errorf("-o: option name missing")
				}
				o.set = append(o.set, a[:1]+"o", args[0])
				args = args[1:]
			case 's', 'i', 'l', 'p', 'h':
			case 'e', 'u', 'x', 'f', 'n', 'a':
				o.set = append(o.set, a[:1]+string(c))
			default:
				return o, fmt.Errorf("unknown option -%c", c)
			}
		}
	}
	if o.isText {
		if len(args) == 0 {
			return o, fmt.Errorf("-c: command missing")
		}
		o.script, args = args[0], args[1:]
		if len(args) > 0 {
			args = args[1:] // $0
		}
	} else if len(args) > 0 {
		o.file, args = args[0], args[1:]
	}
	o.params = args
	return o, nil
}

func runShell(ctx context.Context, w World, args []string) int {
	o, err := parseOptions(args)
	if err != nil {
		fmt.Fprintf(w.Stderr, "sh: %v\n", err)
		return 2
	}
	var src io.Reader
	name := "sh"
	switch {
	case o.isText:
		src = strings.NewReader(o.script)
	case o.file != "":
		name = o.file
		p := o.file
		if !filepath.IsAbs(p) {
			p = filepath.Join(w.Dir, p)
		}
		f, err := os.Open(p)
		if err != nil {
			fmt.Fprintf(w.Stderr, "sh: %s: %v\n", o.file, errors.Unwrap(err))
			return 127
		}
		defer f.Close()
		src = f
	default:
		src = w.Stdin
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(src, name)
	if err != nil {
		fmt.Fprintf(w.Stderr, "sh: %v\n", err)
		return 2
	}
	params := append(append([]string{}, o.set...), "--")
	params = append(params, o.params...)
	r, err := interp.New(
		interp.StdIO(w.Stdin, w.Stdout, w.Stderr),
		interp.Env(expand.ListEnviron(w.Env...)),
		interp.Dir(w.Dir),
		interp.Params(params...),
		interp.CallHandler(func(_ context.Context, args []string) ([]string, error) {
			if args[0] == "umask" { // known to the interpreter, but not done by it
				args = append([]string{"busybox"}, args...)
			}
			return args, nil
		}),
		interp.ExecHandlers(execHandler(w)),
	)
	if err != nil {
		fmt.Fprintf(w.Stderr, "sh: %v\n", err)
		return 2
	}
	err = r.Run(ctx, file)
	if err == nil {
		return 0
	}
	var status interp.ExitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	fmt.Fprintf(w.Stderr, "sh: %v\n", err)
	return 1
}

// execHandler runs commands from PATH, else applets.
func execHandler(w World) func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	return func(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
		run := interp.DefaultExecHandler(2 * time.Second)
		return func(ctx context.Context, args []string) error {
			hc := interp.HandlerCtx(ctx)
			applet := applets[args[0]]
			if applet == nil && !isShell(args[0]) {
				return run(ctx, args)
			}
			if _, err := interp.LookPathDir(hc.Dir, hc.Env, args[0]); err == nil {
				return run(ctx, args)
			}
			ww := World{Stdin: hc.Stdin, Stdout: hc.Stdout, Stderr: hc.Stderr, Dir: hc.Dir, Env: exported(hc.Env), Self: w.Self}
			return exitStatus(Main(ctx, ww, args))
		}
	}
}

func isShell(name string) bool { return name == "sh" || name == "ash" || name == "busybox" }

func exitStatus(code int) error {
	if code == 0 {
		return nil
	}
	return interp.ExitStatus(code)
}

func exported(env expand.Environ) []string {
	var out []string
	env.Each(func(name string, v expand.Variable) bool {
		if v.Exported && v.Kind == expand.String {
			out = append(out, name+"="+v.Str)
		}
		return true
	})
	return out
}

// runCommand runs one command for an applet such as xargs or env.
func runCommand(ctx context.Context, w World, argv []string) int {
	quoted := make([]string, len(argv))
	for i, a := range argv {
		q, err := syntax.Quote(a, syntax.LangBash)
		if err != nil {
			fmt.Fprintf(w.Stderr, "%s: %v\n", argv[0], err)
			return 126
		}
		quoted[i] = q
	}
	return runShell(ctx, w, []string{"-c", strings.Join(quoted, " ")})
}
