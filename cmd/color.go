package cmd

import (
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/mattn/go-isatty"
)

// terminal reports whether w is a terminal.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// color reports whether to colour what is written to w: on terminals only, unless
// NO_COLOR is set (to anything) or the terminal is dumb. CLICOLOR_FORCE, set and
// not 0, colours always.
func (env *Env) color(w io.Writer) bool {
	switch force := env.Getenv("CLICOLOR_FORCE"); {
	case env.Getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return terminal(w) && env.Getenv("TERM") != "dumb"
}

// The few styles of talk; the terminal's own palette decides how they look.
const (
	styleError   = "\x1b[31;1m"
	styleWarning = "\x1b[35;1m"
	styleReset   = "\x1b[0m"
)

// paint puts s into a style when w takes colour.
func (env *Env) paint(w io.Writer, style, s string) string {
	if !env.color(w) {
		return s
	}
	return style + s + styleReset
}

// readable is text from elsewhere (what Nix code throws, what builders print) as
// it may go to w: with its colours where w takes colour, and never with sequences
// that move the cursor or do other things to a terminal.
func (env *Env) readable(w io.Writer, text string) string {
	if !strings.ContainsRune(text, ansi.ESC) {
		return text
	}
	if !env.color(w) {
		return ansi.Strip(text)
	}
	var b strings.Builder
	p := ansi.NewParser()
	for state := byte(ansi.NormalState); text != ""; {
		seq, _, n, next := ansi.DecodeSequence(text, state, p)
		if seq[0] != ansi.ESC || ansi.HasCsiPrefix(seq) && ansi.Cmd(p.Command()).Final() == 'm' {
			b.WriteString(seq)
		}
		text, state = text[n:], next
	}
	return b.String()
}
