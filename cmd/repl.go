package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/repl"
	"gonix.dev/gonix/store"
)

func newReplCmd(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "repl [FILE]...",
		Short: "Evaluate Nix interactively",
		Long: `Repl reads expressions, bindings and commands and answers each. Files that are
named are loaded first: their attributes are in scope. :? lists the commands.`,
		Example: `  gonix repl
  gonix repl '<nixpkgs>'
  gonix repl --expr 'import ./. { }'
  echo '1 + 2' | gonix repl`,
	}
	conf := addSettingsFlags(c)
	f := addEvalFlags(c, conf)
	f.addSources(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		e, err := f.open(c.Context(), env, readWrite)
		if err != nil {
			return err
		}
		r := &repl.REPL{State: e.st, Out: env.Stdout, Talk: env.Stderr, Dir: env.Dir, Host: &replHost{env: env, e: e}}
		if f.file != "" {
			args = append(args, f.file)
		}
		for _, name := range args {
			if err := r.Load(name); err != nil {
				return err
			}
		}
		if f.expr != "" {
			v, err := e.text(f.expr)
			if err != nil {
				return err
			}
			if v, err = e.value(e.st.AutoCall(v, e.auto)); err != nil {
				return err
			}
			if err := r.Add(v); err != nil {
				return err
			}
		}
		if terminal(env.Stdout) && env.stdinIsTerminal() {
			fmt.Fprintf(env.Stderr, "gonix %s, the language of Nix %s. Type :? for help.\n", version, nixVersion)
			r.In = repl.NewTerminal(r, historyFile(env))
		} else {
			r.In = repl.NewLines(env.Stdin)
		}
		return withClose(r.Run(c.Context()), e)
	}
	return c
}

// historyFile is where the REPL keeps what was typed; "" if there is no place.
func historyFile(env *Env) string {
	dir := env.Getenv("XDG_DATA_HOME")
	if dir == "" {
		home := env.Getenv("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "share")
	}
	dir = filepath.Join(dir, "gonix")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return filepath.Join(dir, "repl-history")
}

// replHost does for the REPL what takes the rest of gonix.
type replHost struct {
	env *Env
	e   *evaluation
}

func (h *replHost) Load(file string) (eval.Value, error) {
	v, err := h.e.file(file)
	if err != nil {
		return eval.Value{}, errors.Unwrap(err)
	}
	v, everr := h.e.st.AutoCall(v, h.e.auto)
	if everr != nil {
		return eval.Value{}, everr
	}
	return v, nil
}

func (h *replHost) Explain(err *eval.Error, full bool) string {
	return (&evalError{env: h.env, st: h.e.st, err: err, full: full || h.e.trace}).Error()
}

func (h *replHost) Build(ctx context.Context, drvPath string) (map[string]string, error) {
	if h.e.store == nil {
		return nil, errors.New("nothing can be built in this store")
	}
	if err := h.e.flush(ctx); err != nil {
		return nil, err
	}
	b, err := h.e.session()
	if err != nil {
		return nil, err
	}
	dir := b.store.StoreDir()
	p, err := dir.Parse(drvPath)
	if err != nil {
		return nil, err
	}
	results, err := b.build(ctx, targetsOf([]store.Path{p}), builder.Normal)
	if err != nil {
		return nil, err
	}
	outs := make(map[string]string)
	for name, out := range results[0].Outputs {
		outs[name] = dir.Format(out)
	}
	return outs, nil
}

func (h *replHost) Edit(file string, line int) error {
	editor := strings.Fields(h.env.Getenv("EDITOR"))
	if len(editor) == 0 {
		return fmt.Errorf("set EDITOR to open %s", file)
	}
	args := editor[1:]
	if line > 0 {
		switch filepath.Base(editor[0]) {
		case "vi", "vim", "nvim", "nano", "emacs", "emacsclient", "kak":
			args = append(args, "+"+strconv.Itoa(line))
		}
	}
	cmd := exec.Command(editor[0], append(args, file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = h.env.Stdin, h.env.Stdout, h.env.Stderr
	return cmd.Run()
}
