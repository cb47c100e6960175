package shell

import (
	"errors"
	"strings"
)

// Quote quotes s so that a shell reads it as one word.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// QuoteAll quotes words and puts spaces between them.
func QuoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	return strings.Join(quoted, " ")
}

// Words splits a line at white space, as a shell would: quotes and backslashes
// keep words together. Inside double quotes a backslash only escapes.
func Words(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote byte // ' or " inside of quotes
	started := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == 0 && strings.IndexByte(" \t\r\n\v\f", c) >= 0:
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
			continue
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '\\' && quote != '\'':
			if i++; i < len(line) {
				word.WriteByte(line[i])
			}
		default:
			word.WriteByte(c)
		}
		started = true
	}
	if quote != 0 {
		return nil, errors.New("unterminated quote in shebang line")
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}

// ShebangWords are the words that a script gives to nix-shell, on lines such as
// "#! nix-shell -p hello -i bash" below its first. ok is false if text is no script.
func ShebangWords(text string) (words []string, ok bool, err error) {
	first, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "#!") {
		return nil, false, nil
	}
	for line := range strings.Lines(rest) {
		line, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "#!")
		if !ok {
			continue
		}
		line, ok = strings.CutPrefix(strings.TrimLeft(line, " \t"), "nix-shell")
		if !ok || line == "" || line[0] != ' ' && line[0] != '\t' {
			continue
		}
		more, err := Words(line)
		if err != nil {
			return nil, true, err
		}
		words = append(words, more...)
	}
	return words, true, nil
}

// Interpreter is the command that a script's interpreter is started with. Perl and
// Ruby look at the first line themselves and would start nix-shell again.
func Interpreter(interpreter, script string, args []string) string {
	flags := ""
	if strings.Contains(interpreter, "perl") {
		flags = "-a PERL "
	}
	if strings.Contains(interpreter, "ruby") {
		return "exec " + flags + interpreter + " -e 'load(ARGV.shift)' -- " + Quote(script) + " " + QuoteAll(args)
	}
	return "exec " + flags + interpreter + " " + Quote(script) + " " + QuoteAll(args)
}
