package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/print"
)

func newInstantiateTool(env *Env, name string) *cobra.Command {
	var exprs, evalOnly, parseOnly, findFile, strict, raw, asJSON, asXML, noLocation, readWriteMode, readOnlyMode, dryRun, indirect bool
	var attrs []string
	var addRoot string
	c := &cobra.Command{
		Use:   name + " [--eval | --parse | --find-file] [FILE | -]...",
		Short: "Make store derivations of Nix expressions",
		Long: `Instantiate evaluates expressions (./default.nix unless others are named), writes
the derivations they make to the store, and prints their paths. With --eval it
prints values instead and writes nothing.`,
		Example: `  ` + name + ` '<nixpkgs>' -A hello
  ` + name + ` --eval --strict -E '{ a = 1 + 2; }'
  ` + name + ` --parse default.nix`,
		Version:       nixVersion,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.SetVersionTemplate(fmt.Sprintf("%s (Nix) {{.Version}}\n", name))
	conf := addSettingsFlags(c)
	f := addEvalFlags(c, conf)
	fl := c.Flags()
	fl.BoolVarP(&exprs, "expr", "E", false, "the arguments are Nix texts, not files")
	fl.StringArrayVarP(&attrs, "attr", "A", nil, "select the attribute `PATH`")
	fl.BoolVar(&evalOnly, "eval", false, "print the value")
	fl.BoolVar(&evalOnly, "eval-only", false, "print the value")
	fl.BoolVar(&parseOnly, "parse", false, "print the expression as it was read")
	fl.BoolVar(&parseOnly, "parse-only", false, "print the expression as it was read")
	fl.BoolVar(&findFile, "find-file", false, "print where the arguments are found in the search path")
	fl.BoolVar(&strict, "strict", false, "evaluate the whole value")
	fl.BoolVar(&raw, "raw", false, "print a string as it is")
	fl.BoolVar(&asJSON, "json", false, "print the value as JSON")
	fl.BoolVar(&asXML, "xml", false, "print the value as XML")
	fl.BoolVar(&noLocation, "no-location", false, "leave positions out of XML")
	fl.BoolVar(&readWriteMode, "read-write-mode", false, "with --eval: write to the store all the same")
	fl.BoolVar(&readOnlyMode, "readonly-mode", false, "write nothing to the store")
	fl.BoolVar(&dryRun, "dry-run", false, "write nothing to the store")
	fl.StringVar(&addRoot, "add-root", "", "keep the results from being collected by a link at `PATH`")
	fl.BoolVar(&indirect, "indirect", false, "")
	_ = fl.MarkHidden("indirect")
	_ = fl.MarkHidden("eval-only")
	_ = fl.MarkHidden("parse-only")
	c.RunE = func(c *cobra.Command, args []string) error {
		mode := readWrite
		if (evalOnly || parseOnly) && !readWriteMode || readOnlyMode || dryRun {
			mode = readOnly
		}
		e, err := f.open(c.Context(), env, mode)
		if err != nil {
			return err
		}
		if len(args) == 0 && !exprs {
			args = []string{"./default.nix"}
		}
		if len(attrs) == 0 {
			attrs = []string{""}
		}
		roots := gcRoots{env: env, link: addRoot}
		for _, arg := range args {
			if err := func() error {
				switch {
				case findFile:
					p, err := e.st.FindFile(e.st.Options().SearchPath, arg, 0)
					if err != nil {
						return e.fail(err)
					}
					fmt.Fprintln(env.Stdout, p)
					return nil
				case parseOnly:
					return parseLike(env, e, arg, exprs)
				}
				var v eval.Value
				if exprs && arg != "-" {
					v, err = e.text(arg)
				} else {
					v, err = e.file(arg)
				}
				if err != nil {
					return err
				}
				for _, path := range attrs {
					if err := instantiate(e, v, path, evalOnly, printMode{
						raw: raw, json: asJSON, xml: asXML, strict: strict, noLocation: noLocation, legacy: true,
						copyPaths: readWriteMode || asJSON,
					}, &roots); err != nil {
						return err
					}
				}
				return nil
			}(); err != nil {
				return err
			}
		}
		return e.close()
	}
	return c
}

// instantiate handles one attribute of one argument.
func instantiate(e *evaluation, v eval.Value, path string, evalOnly bool, m printMode, roots *gcRoots) error {
	v, err := e.selectPath(v, path)
	if err != nil {
		return err
	}
	if evalOnly {
		if e.auto.Len() > 0 {
			if v, err = e.value(e.st.AutoCall(v, e.auto)); err != nil {
				return err
			}
		}
		return e.print(v, m)
	}
	pkgs, ferr := e.st.Packages(v, e.auto)
	if ferr != nil {
		return e.fail(ferr)
	}
	if err := e.flush(e.st.Options().Context); err != nil {
		return err
	}
	for _, p := range pkgs {
		shown, err := roots.add(p.DrvPath)
		if err != nil {
			return err
		}
		if p.OutputName == "" {
			return fmt.Errorf("derivation '%s' lacks an 'outputName' attribute", p.DrvPath)
		}
		if p.OutputName != "out" {
			shown += "!" + p.OutputName
		}
		fmt.Fprintln(e.env.Stdout, shown)
	}
	return nil
}

// parseLike is --parse.
func parseLike(env *Env, e *evaluation, arg string, exprs bool) error {
	var mode parser.Mode
	if e.settings.Feature("pipe-operators") {
		mode |= parser.PipeOperators
	}
	args, text := []string{arg}, ""
	if exprs && arg != "-" {
		args, text = nil, arg
	}
	file, dir, err := parseSource(env, args, text, mode)
	if err != nil {
		return err
	}
	errs := file.Errors
	if len(errs) == 0 {
		errs = nameErrors(file)
	}
	if len(errs) > 0 {
		return reportSource(env, file, errs[:1])
	}
	out, dup := print.File(file, print.Options{Dir: dir, Home: env.Getenv("HOME")})
	if dup != nil {
		return &sourceError{file, dup}
	}
	fmt.Fprintln(env.Stdout, out)
	return nil
}

// gcRoots links results so that garbage collection keeps them.
type gcRoots struct {
	env    *Env
	link   string // "" for none
	n      int
	warned bool
}

// add links a store path, and returns what to print for it.
func (r *gcRoots) add(path string) (string, error) {
	if r.link == "" {
		if !r.warned {
			r.warned = true
			warnf(r.env, "you did not specify '--add-root'; the result might be removed by the garbage collector")
		}
		return path, nil
	}
	r.n++
	link := inDir(r.env, r.link)
	if r.n > 1 {
		link += fmt.Sprintf("-%d", r.n)
	}
	tmp := filepath.Join(filepath.Dir(link), "."+filepath.Base(link)+".tmp")
	if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
		return "", err
	}
	_ = os.Remove(tmp)
	if err := os.Symlink(path, tmp); err != nil {
		return "", err
	}
	if old, err := os.Readlink(link); err == nil && !strings.HasPrefix(old, "/nix/store/") && old != path {
		_ = os.Remove(tmp)
		return "", fmt.Errorf("cannot make root '%s': there is a link to something else", link)
	}
	return link, os.Rename(tmp, link)
}
