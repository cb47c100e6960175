package cmd

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
)

func newEvalCmd(env *Env) *cobra.Command {
	var raw, asJSON, asXML, strict, readWriteMode, pretty bool
	var apply, writeTo string
	c := &cobra.Command{
		Use:   "eval [ATTRPATH]",
		Short: "Evaluate a Nix expression",
		Long: `Eval evaluates an expression and prints its value. The expression comes from
--expr, from --file, or from default.nix; ATTRPATH selects something in it.
Nothing is written to the store, unless --eval-store names another one for it.`,
		Example: `  gonix eval --expr '1 + 2'
  gonix eval -f ./examples packages.greet.name
  gonix eval -f '<nixpkgs>' --json lib.version
  gonix eval --expr 'map (x: x * x) [ 1 2 3 ]' --apply 'builtins.foldl'"'"' (a: b: a + b) 0'`,
		Args: cobra.MaximumNArgs(1),
	}
	conf := addSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.addSources(c)
	c.Flags().BoolVar(&raw, "raw", false, "print a string as it is, without quotes and line end")
	c.Flags().BoolVar(&asJSON, "json", false, "print the value as JSON")
	c.Flags().BoolVar(&asXML, "xml", false, "print the value as XML")
	c.Flags().BoolVar(&strict, "strict", false, "fail on errors deep in the value rather than printing them")
	c.Flags().BoolVar(&pretty, "pretty", false, "print one attribute or element a line")
	c.Flags().BoolVar(&readWriteMode, "read-write-mode", false, "write sources and derivations to the store")
	c.Flags().Bool("read-only", true, "write nothing (the default)")
	c.Flags().StringVar(&apply, "apply", "", "apply the function `EXPR` to the value first")
	c.Flags().StringVar(&writeTo, "write-to", "", "write a string, or a set of strings as a tree, to `PATH`")
	c.RunE = func(c *cobra.Command, args []string) error {
		if raw && asJSON || raw && asXML || asJSON && asXML {
			return usageErrorf("give one of --raw, --json and --xml")
		}
		mode := readOnly
		if readWriteMode {
			mode = readWrite
		}
		attr := ""
		if len(args) > 0 {
			attr = args[0]
		}
		if f.lookAt(args); f.pure || f.evalStore != "" {
			mode = readWrite // a flake is read in the store; the other is there for that
		}
		e, err := f.open(c.Context(), env, mode)
		if err != nil {
			return err
		}
		v, err := e.valueOf(f, attr)
		if err != nil {
			return err
		}
		if apply != "" {
			fn, err := e.text(apply)
			if err != nil {
				return err
			}
			if v, err = e.value(e.st.Call1(fn, v, 0)); err != nil {
				return err
			}
		}
		if writeTo != "" {
			err = e.writeTree(v, inDir(env, writeTo))
		} else {
			err = e.print(v, printMode{raw: raw, json: asJSON, xml: asXML, strict: strict, pretty: pretty})
		}
		if err != nil {
			return err
		}
		return e.close()
	}
	return c
}

// printMode says how a command prints a value.
type printMode struct {
	raw, json, xml bool
	strict         bool
	pretty         bool
	legacy         bool // as nix-instantiate does
	noLocation     bool // in XML
	copyPaths      bool // in JSON
}

func (e *evaluation) print(v eval.Value, m printMode) error {
	var s string
	var err *eval.Error
	switch {
	case m.raw:
		s, _, err = e.st.CoerceToString(v, 0, "while generating the eval command output", 0)
	case m.json:
		s, _, err = builtins.ToJSON(e.st, v, 0, m.copyPaths)
		s += "\n"
	case m.xml:
		s, _, err = builtins.ToXML(e.st, v, 0, builtins.XMLOptions{Strict: m.strict || !m.legacy, Locations: !m.noLocation})
	default:
		opts := eval.PrintOptions{Force: !m.legacy, Derivations: !m.legacy, Legacy: m.legacy, Repeated: true}
		if m.pretty {
			opts.Indent = 2
		}
		if m.legacy && m.strict {
			if v, err = e.st.ForceDeep(v); err != nil {
				return e.fail(err)
			}
		}
		s, err = e.st.Print(v, opts)
		s += "\n"
	}
	if err != nil {
		return e.fail(err)
	}
	_, werr := fmt.Fprint(e.env.Stdout, s)
	return werr
}

// writeTree writes a string to a file, and a set as a directory of such.
func (e *evaluation) writeTree(v eval.Value, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("path '%s' already exists", path)
	}
	v, ferr := e.st.Force(v)
	if ferr != nil {
		return e.fail(ferr)
	}
	switch v.Kind() {
	case eval.KindString:
		return os.WriteFile(path, []byte(v.AsString()), 0o666)
	case eval.KindAttrs:
		if err := os.Mkdir(path, 0o777); err != nil {
			return err
		}
		for _, at := range e.st.Sorted(v.AsAttrs()) {
			name := e.st.SymName(at.Sym)
			if name == "" || name == "." || name == ".." || filepath.Base(name) != name {
				return fmt.Errorf("invalid file name '%s'", name)
			}
			if err := e.writeTree(*at.Value, filepath.Join(path, name)); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("value for '%s' is %s, not a string or a set", path, e.st.ShowType(v))
}
