package cmd

import (
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

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
	styleBold    = "\x1b[1m"
	styleDim     = "\x1b[2m"
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
// that move the cursor or do other things to a terminal, nor other control
// characters than tabs and line ends.
func (env *Env) readable(w io.Writer, text string) string {
	return harmless(text, env.color(w))
}

// harmless is text without control characters, except tabs, line ends and, if color
// is set, colours.
func harmless(text string, color bool) string {
	i := strings.IndexFunc(text, isControl)
	if i < 0 {
		return text
	}
	var b strings.Builder
	p := ansi.NewParser()
	for ; i >= 0; i = strings.IndexFunc(text, isControl) {
		b.WriteString(text[:i])
		text = text[i:]
		if text[0] != ansi.ESC {
			_, n := utf8.DecodeRuneInString(text)
			text = text[n:]
			continue
		}
		// What does not end ends with its line.
		line, _, _ := strings.Cut(text, "\n")
		seq, _, n, _ := ansi.DecodeSequence(line, ansi.NormalState, p)
		if color && ansi.HasCsiPrefix(seq) && ansi.Cmd(p.Command()).Final() == 'm' {
			b.WriteString(seq)
		}
		text = text[n:]
	}
	b.WriteString(text)
	return b.String()
}

func isControl(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }
