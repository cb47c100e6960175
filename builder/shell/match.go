package shell

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var matchApplets = map[string]*applet{
	"grep":  {flags: "EFivqnclLowxrRhHse:m:", long: map[string]rune{"quiet": 'q', "silent": 'q', "regexp": 'e', "extended-regexp": 'E', "fixed-strings": 'F', "count": 'c', "recursive": 'r', "invert-match": 'v', "ignore-case": 'i'}, run: grep},
	"egrep": {flags: "EFivqnclLowxrRhHse:m:", run: grep},
	"fgrep": {flags: "EFivqnclLowxrRhHse:m:", run: grep},
	"sed":   {flags: "nErise:f:", long: map[string]rune{"quiet": 'n', "expression": 'e', "regexp-extended": 'E', "in-place": 'i'}, run: sed},
	"find":  {flags: "-", run: find},
}

// basicToExtended turns a basic regular expression into an extended one, with
// the GNU escapes.
func basicToExtended(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			if i+1 == len(s) {
				b.WriteString(`\\`)
				break
			}
			i++
			if strings.IndexByte("(){}|+?", s[i]) >= 0 {
				b.WriteByte(s[i])
			} else {
				b.WriteByte('\\')
				b.WriteByte(s[i])
			}
		case '(', ')', '{', '}', '|', '+', '?':
			b.WriteByte('\\')
			b.WriteByte(c)
		case '*':
			if i == 0 || i == 1 && s[0] == '^' || strings.HasSuffix(s[:i], `\(`) {
				b.WriteByte('\\')
			}
			b.WriteByte('*')
		case '[':
			n := bracket(s[i:])
			b.WriteString(s[i : i+n])
			i += n - 1
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// bracket is the length of the bracket expression that s begins with.
func bracket(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for i < len(s) && s[i] != ']' {
		if s[i] == '[' && i+1 < len(s) && s[i+1] == ':' {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				i += end + 1
			}
		}
		i++
	}
	return min(i+1, len(s))
}

// compile makes a matcher of a basic or extended expression.
func compile(s string, extended, fold bool) (*regexp.Regexp, error) {
	if !extended {
		s = basicToExtended(s)
	}
	// Inside brackets a backslash is literal in POSIX.
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			switch s[i+1] {
			case '<', '>':
				b.WriteString(`\b`)
			case '1', '2', '3', '4', '5', '6', '7', '8', '9':
				return nil, &usageError{fmt.Sprintf("back-references such as \\%c are not supported", s[i+1])}
			default:
				b.WriteString(s[i : i+2])
			}
			i++
		case s[i] == '[':
			n := bracket(s[i:])
			b.WriteString(strings.ReplaceAll(s[i:i+n], `\`, `\\`))
			i += n - 1
		default:
			b.WriteByte(s[i])
		}
	}
	expr := b.String()
	if fold {
		expr = "(?i)" + expr
	}
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, &usageError{fmt.Sprintf("invalid regular expression '%s'", s)}
	}
	re.Longest()
	return re, nil
}

func grep(c *call) error {
	pattern, ok := c.values['e']
	if !ok {
		if err := c.need(1, "pattern"); err != nil {
			return err
		}
		pattern, c.args = c.args[0], c.args[1:]
	}
	var alternatives []string
	for _, p := range strings.Split(pattern, "\n") {
		if c.has('F') || c.name == "fgrep" {
			p = regexp.QuoteMeta(p)
		} else if !c.has('E') && c.name != "egrep" {
			p = basicToExtended(p)
		}
		if c.has('w') {
			p = `\b(` + p + `)\b`
		}
		if c.has('x') {
			p = `^(` + p + `)$`
		}
		alternatives = append(alternatives, p)
	}
	re, err := compile(strings.Join(alternatives, "|"), true, c.has('i'))
	if err != nil {
		return err
	}
	recursive := c.has('r') || c.has('R')
	files := c.args
	if recursive {
		if len(files) == 0 {
			files = []string{"."}
		}
		var all []string
		for _, f := range files {
			filepath.WalkDir(c.path(f), func(p string, d fs.DirEntry, err error) error {
				if err == nil && d.Type().IsRegular() {
					rel, _ := filepath.Rel(c.path(f), p)
					all = append(all, filepath.Join(f, rel))
				}
				return nil
			})
		}
		files = all
	}
	named := (len(files) > 1 || recursive || c.has('H')) && !c.has('h')
	found := false
	err = c.inputs(files, func(name string, r io.Reader) error {
		prefix := ""
		if named {
			prefix = name + ":"
		}
		n, count := 0, 0
		err := eachLine(r, func(l string) error {
			n++
			if re.MatchString(l) == c.has('v') {
				return nil
			}
			count++
			found = true
			switch {
			case c.has('q'):
				return status(0)
			case c.has('l') || c.has('L') || c.has('c'):
			case c.has('o'):
				for _, m := range re.FindAllString(l, -1) {
					fmt.Fprintln(c.out, prefix+m)
				}
			case c.has('n'):
				fmt.Fprintf(c.out, "%s%d:%s\n", prefix, n, l)
			default:
				fmt.Fprintln(c.out, prefix+l)
			}
			if m, ok := c.values['m']; ok && fmt.Sprint(count) == m {
				return io.EOF
			}
			return nil
		})
		switch {
		case c.has('c'):
			fmt.Fprintf(c.out, "%s%d\n", prefix, count)
		case c.has('l') && count > 0, c.has('L') && count == 0:
			fmt.Fprintln(c.out, name)
		}
		if err == io.EOF {
			err = nil
		}
		return err
	})
	if s, ok := err.(status); ok {
		return s
	}
	if err == nil && c.failed && !found {
		return status(2)
	}
	if err == nil && !found {
		return status(1)
	}
	return err
}

// find supports -name -iname -path -type -maxdepth -mindepth -empty -newer
// -perm -print -print0 -delete -exec and ! and -o between simple tests.
func find(c *call) error {
	var roots []string
	args := c.args
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "!" && args[0] != "(" {
		roots = append(roots, args[0])
		args = args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	f := &finder{c: c, args: args, maxDepth: 1 << 30}
	test, err := f.or()
	if err != nil {
		return err
	}
	if len(f.args) > 0 {
		return &usageError{fmt.Sprintf("unexpected '%s'", f.args[0])}
	}
	for _, r := range roots {
		f.walk(r, 0, test)
	}
	for _, b := range f.batches {
		if len(b.files) > 0 && c.exec(c.ctx, c.dir, c.env, append(b.argv, b.files...), c.in, c.out) != 0 {
			c.failed = true
		}
	}
	return nil
}

type findTest func(name string, d os.FileInfo) bool

type finder struct {
	c                  *call
	args               []string
	maxDepth, minDepth int
	depthFirst, acts   bool
	batches            []*findBatch
}

type findBatch struct{ argv, files []string }

func (f *finder) next() string {
	if len(f.args) == 0 {
		return ""
	}
	a := f.args[0]
	f.args = f.args[1:]
	return a
}

func (f *finder) or() (findTest, error) {
	left, err := f.and()
	for err == nil && len(f.args) > 0 && (f.args[0] == "-o" || f.args[0] == "-or") {
		f.next()
		l := left
		var right findTest
		right, err = f.and()
		left = func(n string, d os.FileInfo) bool { return l(n, d) || right(n, d) }
	}
	return left, err
}

func (f *finder) and() (findTest, error) {
	all := func(string, os.FileInfo) bool { return true }
	for len(f.args) > 0 && f.args[0] != "-o" && f.args[0] != "-or" && f.args[0] != ")" {
		if f.args[0] == "-a" || f.args[0] == "-and" {
			f.next()
			continue
		}
		t, err := f.primary()
		if err != nil {
			return nil, err
		}
		l := all
		all = func(n string, d os.FileInfo) bool { return l(n, d) && t(n, d) }
	}
	return all, nil
}

func (f *finder) primary() (findTest, error) {
	c := f.c
	yes := func(string, os.FileInfo) bool { return true }
	switch a := f.next(); a {
	case "!", "-not":
		t, err := f.primary()
		return func(n string, d os.FileInfo) bool { return !t(n, d) }, err
	case "(":
		t, err := f.or()
		if f.next() != ")" {
			return nil, &usageError{"missing ')'"}
		}
		return t, err
	case "-name", "-iname":
		pat := f.next()
		return func(n string, _ os.FileInfo) bool {
			base := path.Base(n)
			if a == "-iname" {
				base, pat = strings.ToLower(base), strings.ToLower(pat)
			}
			ok, _ := path.Match(pat, base)
			return ok
		}, nil
	case "-path", "-wholename":
		// Here '*' matches slashes too.
		re, err := regexp.Compile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(f.next())) + "$")
		return func(n string, _ os.FileInfo) bool { return re.MatchString(n) }, err
	case "-type":
		kind := f.next()
		return func(_ string, d os.FileInfo) bool {
			switch kind {
			case "f":
				return d.Mode().IsRegular()
			case "d":
				return d.IsDir()
			case "l":
				return d.Mode()&os.ModeSymlink != 0
			}
			return false
		}, nil
	case "-perm":
		want := f.next()
		m, err := parseMode(strings.TrimLeft(want, "-/"), 0)
		return func(_ string, d os.FileInfo) bool {
			switch want[0] {
			case '-':
				return d.Mode().Perm()&m == m
			case '/':
				return d.Mode().Perm()&m != 0
			}
			return d.Mode().Perm() == m
		}, err
	case "-empty":
		return func(n string, d os.FileInfo) bool {
			if d.IsDir() {
				e, err := os.ReadDir(c.path(n))
				return err == nil && len(e) == 0
			}
			return d.Mode().IsRegular() && d.Size() == 0
		}, nil
	case "-executable":
		return func(n string, d os.FileInfo) bool { return d.Mode()&0o111 != 0 }, nil
	case "-maxdepth", "-mindepth":
		n := 0
		if _, err := fmt.Sscan(f.next(), &n); err != nil {
			return nil, &usageError{a + " needs a number"}
		}
		if a == "-maxdepth" {
			f.maxDepth = n
		} else {
			f.minDepth = n
		}
		return yes, nil
	case "-depth":
		f.depthFirst = true
		return yes, nil
	case "-print", "-print0":
		f.acts = true
		end := "\n"
		if a == "-print0" {
			end = "\x00"
		}
		return func(n string, _ os.FileInfo) bool {
			io.WriteString(c.out, n+end)
			return true
		}, nil
	case "-delete":
		f.acts, f.depthFirst = true, true
		return func(n string, _ os.FileInfo) bool {
			if err := os.Remove(c.path(n)); err != nil {
				c.fail(err)
				return false
			}
			return true
		}, nil
	case "-exec":
		f.acts = true
		var argv []string
		for len(f.args) > 0 {
			w := f.next()
			if w == ";" {
				return func(n string, _ os.FileInfo) bool {
					cmd := make([]string, len(argv))
					for i, w := range argv {
						cmd[i] = strings.ReplaceAll(w, "{}", n)
					}
					return c.exec(c.ctx, c.dir, c.env, cmd, c.in, c.out) == 0
				}, nil
			}
			if w == "+" && len(argv) > 0 && argv[len(argv)-1] == "{}" {
				b := &findBatch{argv: argv[:len(argv)-1]}
				f.batches = append(f.batches, b)
				return func(n string, _ os.FileInfo) bool { b.files = append(b.files, n); return true }, nil
			}
			argv = append(argv, w)
		}
		return nil, &usageError{"-exec needs ';' or '+'"}
	default:
		return nil, &usageError{fmt.Sprintf("unknown test '%s'", a)}
	}
}

func (f *finder) walk(name string, depth int, test findTest) {
	st, err := os.Lstat(f.c.path(name))
	if err != nil {
		f.c.fail(err)
		return
	}
	visit := func() {
		if depth >= f.minDepth && test(name, st) && !f.acts {
			fmt.Fprintln(f.c.out, name)
		}
	}
	if !f.depthFirst {
		visit()
	}
	if st.IsDir() && depth < f.maxDepth {
		entries, err := os.ReadDir(f.c.path(name))
		if err != nil {
			f.c.fail(err)
		}
		for _, e := range entries {
			f.walk(strings.TrimSuffix(name, "/")+"/"+e.Name(), depth+1, test)
		}
	}
	if f.depthFirst {
		visit()
	}
}
