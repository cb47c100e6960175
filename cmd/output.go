package cmd

import (
	"bufio"
	"io"
	"os"

	"github.com/google/renameio/v2"
)

// writeFileAtomic writes a file that appears whole or not at all.
func writeFileAtomic(name string, write func(w io.Writer) error) error {
	f, err := renameio.NewPendingFile(name, renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return err
	}
	defer f.Cleanup()
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// isTerminal reports whether standard input is typed by a person.
func (env *Env) stdinIsTerminal() bool {
	f, ok := env.Stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
