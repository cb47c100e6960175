package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// call is one run of an applet.
type call struct {
	ctx      context.Context
	name     string
	args     []string
	in       io.Reader
	out, err io.Writer
	dir      string
	env      []string
	exec     func(ctx context.Context, dir string, env, argv []string, in io.Reader, out io.Writer) int

	flags  map[rune]int    // how often each was given
	values map[rune]string // of flags that take one
	failed bool
}

// applet is a tool. Its usage lists one-letter flags, with ':' behind those that
// take a value; long names are mapped to letters.
type applet struct {
	flags string
	long  map[string]rune
	run   func(c *call) error
}

var applets = func() map[string]*applet {
	all := map[string]*applet{}
	for _, family := range []map[string]*applet{fileApplets, textApplets, matchApplets, runApplets} {
		maps.Copy(all, family)
	}
	return all
}()

// Applets are the names of the tools.
func Applets() []string {
	var names []string
	for n := range applets {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// status is an error that is only an exit status.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a wrong command line.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func (c *call) run() int {
	a := applets[c.name]
	bw := bufio.NewWriter(c.out)
	raw := c.out
	c.out = bw
	err := c.parse(a)
	if err == nil {
		err = a.run(c)
	}
	if e := bw.Flush(); err == nil && e != nil {
		err = e
	}
	c.out = raw
	var s status
	var u *usageError
	switch {
	case errors.As(err, &s):
		return int(s)
	case errors.As(err, &u):
		fmt.Fprintf(c.err, "%s: %v\n", c.name, err)
		return 2
	case err != nil:
		fmt.Fprintf(c.err, "%s: %v\n", c.name, err)
		if c.name == "grep" {
			return 2
		}
		return 1
	case c.failed:
		return 1
	}
	return 0
}

// parse reads flags, which may be bundled and stand behind operands.
func (c *call) parse(a *applet) error {
	c.flags, c.values = map[rune]int{}, map[rune]string{}
	if a.flags == "-" {
		return nil // reads its own
	}
	takes := map[rune]bool{}
	known := map[rune]bool{}
	var last rune
	for _, f := range a.flags {
		if f == ':' {
			takes[last] = true
			continue
		}
		known[f] = true
		last = f
	}
	var rest []string
	args := c.args
	set := func(f rune, v string) {
		c.flags[f]++
		if takes[f] {
			if old, ok := c.values[f]; ok && (f == 'e') {
				v = old + "\n" + v
			}
			c.values[f] = v
		}
	}
	for len(args) > 0 {
		s := args[0]
		args = args[1:]
		switch {
		case s == "--":
			rest = append(rest, args...)
			args = nil
		case strings.HasPrefix(s, "--"):
			name, value, hasValue := strings.Cut(s[2:], "=")
			f, ok := a.long[name]
			if !ok {
				return &usageError{fmt.Sprintf("unknown option --%s", name)}
			}
			if takes[f] && !hasValue {
				if len(args) == 0 {
					return &usageError{fmt.Sprintf("--%s needs a value", name)}
				}
				value, args = args[0], args[1:]
			}
			set(f, value)
		case len(s) > 1 && s[0] == '-':
			if isNumber(s[1:]) && known['n'] && takes['n'] {
				set('n', s[1:]) // head -5
				continue
			}
			for i, f := range s[1:] {
				if !known[f] {
					return &usageError{fmt.Sprintf("unknown option -%c", f)}
				}
				if !takes[f] {
					set(f, "")
					continue
				}
				value := s[1+i+len(string(f)):]
				if value == "" {
					if len(args) == 0 {
						return &usageError{fmt.Sprintf("-%c needs a value", f)}
					}
					value, args = args[0], args[1:]
				}
				set(f, value)
				break
			}
		default:
			rest = append(rest, s)
		}
	}
	c.args = rest
	return nil
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (c *call) has(f rune) bool { return c.flags[f] > 0 }

// path makes an operand absolute.
func (c *call) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

// fail reports an error about one operand and goes on.
func (c *call) fail(err error) {
	c.failed = true
	fmt.Fprintf(c.err, "%s: %v\n", c.name, plain(err))
}

// plain leaves the operation out of a path error.
func plain(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Path, pe.Err)
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %w", le.New, le.Err)
	}
	return err
}

// inputs calls f for each operand's contents; stdin if there is none or "-".
func (c *call) inputs(names []string, f func(name string, r io.Reader) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, n := range names {
		if n == "-" {
			if err := f(n, c.in); err != nil {
				return err
			}
			continue
		}
		file, err := os.Open(c.path(n))
		if err != nil {
			c.fail(err)
			continue
		}
		err = f(n, file)
		file.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// lines calls f for each line, without its end, of the inputs.
func (c *call) lines(names []string, f func(line string) error) error {
	return c.inputs(names, func(_ string, r io.Reader) error { return eachLine(r, f) })
}

func eachLine(r io.Reader, f func(string) error) error {
	br := bufio.NewReader(r)
	for {
		line, err := br.ReadString('\n')
		if line != "" {
			if err := f(strings.TrimSuffix(line, "\n")); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (c *call) need(n int, what string) error {
	if len(c.args) < n {
		return &usageError{"missing " + what}
	}
	return nil
}
