package repl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/reeflective/readline"

	"gonix.dev/gonix/parser"
)

// Prompts are what stands before a line and before its continuation.
const (
	prompt     = "gonix> "
	morePrompt = "     … "
)

// Lines reads from something that is not a terminal: no prompts, no editing.
type Lines struct{ r *bufio.Reader }

// NewLines makes a Reader of a stream.
func NewLines(r io.Reader) *Lines { return &Lines{bufio.NewReader(r)} }

// ReadLine reads a line.
func (l *Lines) ReadLine(bool) (string, error) {
	s, err := l.r.ReadString('\n')
	if err == io.EOF && s != "" {
		err = nil
	}
	return strings.TrimRight(s, "\r\n"), err
}

// Terminal is a line editor with history, completion and several lines.
type Terminal struct{ shell *readline.Shell }

// NewTerminal makes a line editor for a session. history names the file that
// keeps what was typed, "" for none.
func NewTerminal(r *REPL, history string) *Terminal {
	shell := readline.NewShell()
	shell.Prompt.Primary(func() string { return prompt })
	shell.Prompt.Secondary(func() string { return morePrompt })
	if history != "" {
		shell.History.AddFromFile("history", history)
	}
	// Enter goes to the next line while the text is unfinished.
	shell.AcceptMultiline = func(line []rune) bool {
		text := string(line)
		if strings.HasPrefix(strings.TrimSpace(text), ":") {
			return true
		}
		return !incomplete(parser.Parse("", text, r.mode())) || !incomplete(parser.ParseBindings("", text, r.mode()))
	}
	shell.Completer = func(line []rune, cursor int) readline.Completions {
		before := string(line[:cursor])
		start, found := r.Complete(before)
		word := strings.LastIndexAny(before, " \t\n") + 1
		pairs := make([]string, 0, 2*len(found))
		for _, c := range found {
			pairs = append(pairs, before[word:start]+c.Text, c.Hint)
		}
		return readline.CompleteValuesDescribed(pairs...).NoSpace('*')
	}
	return &Terminal{shell}
}

// ReadLine lets the user type a line.
func (t *Terminal) ReadLine(bool) (string, error) {
	line, err := t.shell.Readline()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", ErrInterrupted
	}
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read line: %w", err)
	}
	return line, err
}
