package shell

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// sedCommand is one command of a sed script with the lines it is for.
type sedCommand struct {
	from, to *sedAddress
	negate   bool
	inRange  bool
	name     byte
	re       *regexp.Regexp
	with     string
	global   bool
	print    bool
	nth      int
	text     string
	body     []*sedCommand // of { }
}

// sedAddress is a line number, the last line, or an expression.
type sedAddress struct {
	line int
	last bool
	re   *regexp.Regexp
}

type sedParser struct {
	s        string
	extended bool
}

func sed(c *call) error {
	script := ""
	if e, ok := c.values['e']; ok {
		script = e
	}
	if f, ok := c.values['f']; ok {
		data, err := os.ReadFile(c.path(f))
		if err != nil {
			return err
		}
		script += "\n" + string(data)
	}
	if !c.has('e') && !c.has('f') {
		if err := c.need(1, "script"); err != nil {
			return err
		}
		script, c.args = c.args[0], c.args[1:]
	}
	p := &sedParser{s: script, extended: c.has('E') || c.has('r')}
	cmds, err := p.commands(false)
	if err != nil {
		return &usageError{err.Error()}
	}
	if !c.has('i') {
		var all bytes.Buffer
		if err := c.inputs(c.args, func(_ string, r io.Reader) error {
			_, err := all.ReadFrom(r)
			return err
		}); err != nil {
			return err
		}
		return runSed(cmds, all.String(), c.has('n'), c.out)
	}
	for _, name := range c.args {
		data, err := os.ReadFile(c.path(name))
		if err != nil {
			c.fail(err)
			continue
		}
		st, err := os.Stat(c.path(name))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := runSed(cmds, string(data), c.has('n'), &out); err != nil {
			return err
		}
		tmp := c.path(name) + ".sed"
		if err := os.WriteFile(tmp, out.Bytes(), 0o600); err != nil {
			return err
		}
		if err := os.Chmod(tmp, st.Mode().Perm()); err != nil {
			return err
		}
		if err := os.Rename(tmp, c.path(name)); err != nil {
			return err
		}
	}
	return nil
}

func (p *sedParser) commands(nested bool) ([]*sedCommand, error) {
	var out []*sedCommand
	for {
		p.s = strings.TrimLeft(p.s, " \t\n;")
		switch {
		case p.s == "" && nested:
			return nil, fmt.Errorf("unmatched '{'")
		case p.s == "":
			return out, nil
		case p.s[0] == '#':
			_, p.s, _ = strings.Cut(p.s, "\n")
			continue
		case p.s[0] == '}':
			if !nested {
				return nil, fmt.Errorf("unexpected '}'")
			}
			p.s = p.s[1:]
			return out, nil
		}
		cmd, err := p.command()
		if err != nil {
			return nil, err
		}
		out = append(out, cmd)
	}
}

func (p *sedParser) command() (*sedCommand, error) {
	cmd := &sedCommand{}
	var err error
	if cmd.from, err = p.address(); err != nil {
		return nil, err
	}
	if cmd.from != nil && strings.HasPrefix(p.s, ",") {
		p.s = p.s[1:]
		if cmd.to, err = p.address(); err != nil {
			return nil, err
		}
		if cmd.to == nil {
			return nil, fmt.Errorf("unexpected ','")
		}
	}
	p.s = strings.TrimLeft(p.s, " \t")
	for strings.HasPrefix(p.s, "!") {
		cmd.negate = true
		p.s = strings.TrimLeft(p.s[1:], " \t")
	}
	if p.s == "" {
		return nil, fmt.Errorf("missing command")
	}
	cmd.name, p.s = p.s[0], p.s[1:]
	switch cmd.name {
	case 'd', 'p', 'q', '=', 'n', 'N', 'D', 'P', 'h', 'H', 'g', 'G', 'x':
		if strings.IndexByte("NDPhHgGx", cmd.name) >= 0 {
			return nil, fmt.Errorf("command '%c' is not supported", cmd.name)
		}
	case 's':
		err = p.substitute(cmd)
	case 'y':
		err = fmt.Errorf("command 'y' is not supported")
	case 'a', 'i', 'c':
		text := strings.TrimLeft(p.s, " \t")
		text = strings.TrimPrefix(text, "\\")
		text = strings.TrimPrefix(text, "\n")
		end := 0
		for end < len(text) && text[end] != '\n' {
			if text[end] == '\\' && end+1 < len(text) {
				end++
			}
			end++
		}
		cmd.text = strings.ReplaceAll(text[:end], "\\\n", "\n")
		p.s = text[end:]
	case '{':
		cmd.body, err = p.commands(true)
	default:
		err = fmt.Errorf("unknown command '%c'", cmd.name)
	}
	return cmd, err
}

func (p *sedParser) address() (*sedAddress, error) {
	switch {
	case p.s == "":
		return nil, nil
	case p.s[0] == '$':
		p.s = p.s[1:]
		return &sedAddress{last: true}, nil
	case p.s[0] >= '0' && p.s[0] <= '9':
		n := 0
		for n < len(p.s) && p.s[n] >= '0' && p.s[n] <= '9' {
			n++
		}
		line, err := strconv.Atoi(p.s[:n])
		p.s = p.s[n:]
		return &sedAddress{line: line}, err
	case p.s[0] == '/' || p.s[0] == '\\' && len(p.s) > 1:
		if p.s[0] == '\\' {
			p.s = p.s[1:]
		}
		expr, err := p.delimited(p.s[0], 1)
		if err != nil {
			return nil, err
		}
		re, err := compile(expr[0], p.extended, false)
		return &sedAddress{re: re}, err
	}
	return nil, nil
}

// delimited reads n parts that stand between delimiters.
func (p *sedParser) delimited(delim byte, n int) ([]string, error) {
	s := p.s[1:]
	var parts []string
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			if s[i+1] == delim {
				b.WriteByte(delim)
			} else if s[i+1] == 'n' {
				b.WriteByte('\n')
			} else {
				b.WriteString(s[i : i+2])
			}
			i++
		case s[i] == '[' && len(parts) == 0:
			k := bracket(s[i:])
			b.WriteString(s[i : i+k])
			i += k - 1
		case s[i] == delim:
			parts = append(parts, b.String())
			b.Reset()
			if len(parts) == n {
				p.s = s[i+1:]
				return parts, nil
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return nil, fmt.Errorf("unterminated '%c'", delim)
}

func (p *sedParser) substitute(cmd *sedCommand) error {
	if p.s == "" {
		return fmt.Errorf("unterminated 's' command")
	}
	parts, err := p.delimited(p.s[0], 2)
	if err != nil {
		return err
	}
	cmd.nth = 1
	fold := false
	for p.s != "" && strings.IndexByte("gpiIe0123456789", p.s[0]) >= 0 {
		switch c := p.s[0]; {
		case c == 'g':
			cmd.global = true
		case c == 'p':
			cmd.print = true
		case c == 'i' || c == 'I':
			fold = true
		case c >= '1' && c <= '9':
			cmd.nth = int(c - '0')
		default:
			return fmt.Errorf("unknown option to 's'")
		}
		p.s = p.s[1:]
	}
	cmd.with = parts[1]
	cmd.re, err = compile(parts[0], p.extended, fold)
	return err
}

func (a *sedAddress) match(n int, last bool, line string) bool {
	switch {
	case a.re != nil:
		return a.re.MatchString(line)
	case a.last:
		return last
	}
	return a.line == n
}

func (cmd *sedCommand) applies(n int, last bool, line string) bool {
	ok := true
	switch {
	case cmd.from == nil:
	case cmd.to == nil:
		ok = cmd.from.match(n, last, line)
	case cmd.inRange:
		if cmd.to.match(n, last, line) || cmd.to.re == nil && !cmd.to.last && n > cmd.to.line {
			cmd.inRange = false
			ok = cmd.to.re != nil || cmd.to.last || n <= cmd.to.line
		}
	default:
		ok = cmd.from.match(n, last, line)
		cmd.inRange = ok && (cmd.to.re != nil || cmd.to.last || cmd.to.line > n)
	}
	return ok != cmd.negate
}

// sedState is the line that is being worked on.
type sedState struct {
	line    string
	n       int
	last    bool
	deleted bool
	quit    bool
	after   []string
	out     io.Writer
	quiet   bool
	next    func() bool
}

func runSed(cmds []*sedCommand, text string, quiet bool, out io.Writer) error {
	if text == "" {
		return nil
	}
	final := strings.HasSuffix(text, "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var buf bytes.Buffer
	st := &sedState{out: &buf, quiet: quiet}
	i := 0
	st.next = func() bool {
		if i+1 >= len(lines) {
			return false
		}
		i++
		st.line, st.n, st.last = lines[i], i+1, i == len(lines)-1
		return true
	}
	for ; i < len(lines) && !st.quit; i++ {
		st.line, st.n, st.last, st.deleted, st.after = lines[i], i+1, i == len(lines)-1, false, nil
		st.do(cmds)
		if !quiet && !st.deleted {
			fmt.Fprintln(&buf, st.line)
		}
		for _, a := range st.after {
			fmt.Fprintln(&buf, a)
		}
	}
	b := buf.Bytes()
	if !final && len(b) > 0 && !st.quit {
		b = b[:len(b)-1]
	}
	_, err := out.Write(b)
	return err
}

func (st *sedState) do(cmds []*sedCommand) {
	for _, cmd := range cmds {
		if !cmd.applies(st.n, st.last, st.line) {
			continue
		}
		switch cmd.name {
		case '{':
			st.do(cmd.body)
		case 'd':
			st.deleted = true
		case 'p':
			fmt.Fprintln(st.out, st.line)
		case '=':
			fmt.Fprintln(st.out, st.n)
		case 'q':
			st.quit = true
		case 'n':
			if !st.quiet {
				fmt.Fprintln(st.out, st.line)
			}
			if !st.next() {
				st.deleted, st.quit = true, true
			}
		case 'a':
			st.after = append(st.after, cmd.text)
		case 'i':
			fmt.Fprintln(st.out, cmd.text)
		case 'c':
			st.deleted = true
			if cmd.to == nil || !cmd.inRange {
				fmt.Fprintln(st.out, cmd.text)
			}
		case 's':
			if s, ok := cmd.replace(st.line); ok {
				st.line = s
				if cmd.print {
					fmt.Fprintln(st.out, st.line)
				}
			}
		}
		if st.deleted || st.quit {
			return
		}
	}
}

// replace does s/re/with/.
func (cmd *sedCommand) replace(line string) (string, bool) {
	var b strings.Builder
	pos, seen, done := 0, 0, false
	for _, m := range cmd.re.FindAllStringSubmatchIndex(line, -1) {
		seen++
		if seen < cmd.nth || done && !cmd.global {
			continue
		}
		done = true
		b.WriteString(line[pos:m[0]])
		for i := 0; i < len(cmd.with); i++ {
			switch c := cmd.with[i]; {
			case c == '&':
				b.WriteString(line[m[0]:m[1]])
			case c == '\\' && i+1 < len(cmd.with):
				i++
				if d := cmd.with[i]; d >= '0' && d <= '9' {
					if k := 2 * int(d-'0'); k+1 < len(m) && m[k] >= 0 {
						b.WriteString(line[m[k]:m[k+1]])
					}
				} else {
					b.WriteByte(d)
				}
			default:
				b.WriteByte(c)
			}
		}
		pos = m[1]
	}
	b.WriteString(line[pos:])
	return b.String(), done
}
