package shell

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

var runApplets = map[string]*applet{
	"xargs":    {flags: "-", run: xargs},
	"env":      {flags: "-", run: env},
	"printenv": {run: env},
	"basename": {flags: "s:a", run: func(c *call) error {
		if err := c.need(1, "operand"); err != nil {
			return err
		}
		suffix := c.values['s']
		if len(c.args) == 2 && !c.has('a') && !c.has('s') {
			suffix, c.args = c.args[1], c.args[:1]
		}
		for _, a := range c.args {
			b := path.Base(a)
			if b != suffix {
				b = strings.TrimSuffix(b, suffix)
			}
			fmt.Fprintln(c.out, b)
		}
		return nil
	}},
	"dirname": {run: func(c *call) error {
		for _, a := range c.args {
			fmt.Fprintln(c.out, path.Dir(strings.TrimRight(a, "/")))
		}
		return nil
	}},
	"ls":    {flags: "laA1dR", run: ls},
	"sleep": {run: sleep},
	"true":  {flags: "-", run: func(*call) error { return nil }},
	"false": {flags: "-", run: func(*call) error { return status(1) }},
	"uname": {flags: "asmrn", run: uname},
	"date":  {flags: "ud:", run: date},
	"pwd":   {flags: "LP", run: func(c *call) error { _, err := fmt.Fprintln(c.out, c.dir); return err }},
	"yes": {run: func(c *call) error {
		word := "y"
		if len(c.args) > 0 {
			word = strings.Join(c.args, " ")
		}
		for {
			if _, err := fmt.Fprintln(c.out, word); err != nil || c.ctx.Err() != nil {
				return err
			}
		}
	}},
	"nproc": {run: func(c *call) error { _, err := fmt.Fprintln(c.out, runtime.NumCPU()); return err }},
	"id": {flags: "ugn", run: func(c *call) error {
		n := os.Getuid()
		if c.has('g') {
			n = os.Getgid()
		}
		_, err := fmt.Fprintln(c.out, n)
		return err
	}},
	"umask": {flags: "-", run: func(c *call) error {
		if len(c.args) == 0 {
			old := umask(0o022)
			umask(old)
			_, err := fmt.Fprintf(c.out, "%04o\n", old)
			return err
		}
		n, err := strconv.ParseUint(c.args[0], 8, 9)
		if err != nil {
			return &usageError{fmt.Sprintf("invalid mask '%s'", c.args[0])}
		}
		umask(int(n))
		return nil
	}},
	"which": {run: func(c *call) error {
		for _, a := range c.args {
			if p := c.look(a); p != "" {
				fmt.Fprintln(c.out, p)
			} else {
				c.failed = true
			}
		}
		return nil
	}},
}

// look finds a program on PATH; "" if there is none.
func (c *call) look(name string) string {
	for _, e := range c.env {
		list, ok := strings.CutPrefix(e, "PATH=")
		if !ok {
			continue
		}
		for _, d := range filepath.SplitList(list) {
			p := filepath.Join(d, name)
			if st, err := os.Stat(p); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
				return p
			}
		}
	}
	return ""
}

func xargs(c *call) error {
	var argv []string
	size, replace, zero, skipEmpty := 1<<30, "", false, false
	args := c.args
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		a := args[0]
		args = args[1:]
		value := func() string {
			if len(a) > 2 {
				return a[2:]
			}
			if len(args) == 0 {
				return ""
			}
			v := args[0]
			args = args[1:]
			return v
		}
		var err error
		switch {
		case a == "-0" || a == "--null":
			zero = true
		case a == "-r" || a == "--no-run-if-empty":
			skipEmpty = true
		case strings.HasPrefix(a, "-n"), strings.HasPrefix(a, "-L"):
			size, err = strconv.Atoi(value())
		case strings.HasPrefix(a, "-I"):
			replace, size = value(), 1
		case strings.HasPrefix(a, "-P"):
			value()
		default:
			err = fmt.Errorf("unknown option %s", a)
		}
		if err != nil {
			return &usageError{err.Error()}
		}
	}
	if argv = args; len(argv) == 0 {
		argv = []string{"echo"}
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return err
	}
	var items []string
	switch {
	case zero:
		items = strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
		if len(data) == 0 {
			items = nil
		}
	case replace != "":
		for l := range strings.Lines(string(data)) {
			items = append(items, strings.TrimSuffix(l, "\n"))
		}
	default:
		items = strings.Fields(string(data))
	}
	if len(items) == 0 && (skipEmpty || replace != "") {
		return nil
	}
	for first := true; first || len(items) > 0; first = false {
		n := min(size, len(items), 2000)
		cmd := slices.Clone(argv)
		if replace != "" {
			for i := range cmd {
				cmd[i] = strings.ReplaceAll(cmd[i], replace, items[0])
			}
		} else {
			cmd = append(cmd, items[:n]...)
		}
		items = items[n:]
		if c.exec(c.ctx, c.dir, c.env, cmd, strings.NewReader(""), c.out) != 0 {
			return status(123)
		}
	}
	return nil
}

func env(c *call) error {
	vars := slices.Clone(c.env)
	args := c.args
	drop := func(name string) {
		vars = slices.DeleteFunc(vars, func(e string) bool { return strings.HasPrefix(e, name+"=") })
	}
	if c.name == "printenv" && len(args) > 0 {
		for _, e := range vars {
			if v, ok := strings.CutPrefix(e, args[0]+"="); ok {
				_, err := fmt.Fprintln(c.out, v)
				return err
			}
		}
		return status(1)
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch {
		case args[0] == "-i" || args[0] == "-":
			vars = nil
		case args[0] == "-u" && len(args) > 1:
			drop(args[1])
			args = args[1:]
		default:
			return &usageError{fmt.Sprintf("unknown option %s", args[0])}
		}
		args = args[1:]
	}
	for len(args) > 0 && strings.Contains(args[0], "=") {
		name, _, _ := strings.Cut(args[0], "=")
		drop(name)
		vars = append(vars, args[0])
		args = args[1:]
	}
	if len(args) == 0 {
		for _, e := range vars {
			fmt.Fprintln(c.out, e)
		}
		return nil
	}
	return status(c.exec(c.ctx, c.dir, vars, args, c.in, c.out))
}

func ls(c *call) error {
	names := c.args
	if len(names) == 0 {
		names = []string{"."}
	}
	show := func(label string, st os.FileInfo, at string) {
		if !c.has('l') {
			fmt.Fprintln(c.out, label)
			return
		}
		if to, err := os.Readlink(at); err == nil {
			label += " -> " + to
		}
		fmt.Fprintf(c.out, "%s %8d %s %s\n", st.Mode(), st.Size(), st.ModTime().UTC().Format("2006-01-02 15:04"), label)
	}
	var list func(name string, header bool)
	list = func(name string, header bool) {
		p := c.path(name)
		st, err := os.Lstat(p)
		if err == nil && st.Mode()&os.ModeSymlink != 0 && !c.has('d') && !c.has('l') {
			st, err = os.Stat(p)
		}
		if err != nil {
			c.fail(err)
			return
		}
		if !st.IsDir() || c.has('d') {
			show(name, st, p)
			return
		}
		if header {
			fmt.Fprintf(c.out, "%s:\n", name)
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			c.fail(err)
			return
		}
		var dirs []fs.DirEntry
		for _, e := range entries {
			if e.Name()[0] == '.' && !c.has('a') && !c.has('A') {
				continue
			}
			if info, err := e.Info(); err == nil {
				show(e.Name(), info, filepath.Join(p, e.Name()))
			}
			if e.IsDir() {
				dirs = append(dirs, e)
			}
		}
		if c.has('R') {
			for _, d := range dirs {
				fmt.Fprintln(c.out)
				list(name+"/"+d.Name(), true)
			}
		}
	}
	for _, n := range names {
		list(n, len(names) > 1 || c.has('R'))
	}
	return nil
}

func sleep(c *call) error {
	var total time.Duration
	for _, a := range c.args {
		unit := time.Second
		if n := len(a); n > 0 {
			if u, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[a[n-1]]; ok {
				unit, a = u, a[:n-1]
			}
		}
		f, err := strconv.ParseFloat(a, 64)
		if err != nil {
			return &usageError{fmt.Sprintf("invalid time '%s'", a)}
		}
		total += time.Duration(f * float64(unit))
	}
	select {
	case <-c.ctx.Done():
		return status(143)
	case <-time.After(total):
		return nil
	}
}

func uname(c *call) error {
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	system := strings.ToUpper(runtime.GOOS[:1]) + runtime.GOOS[1:]
	var parts []string
	for _, p := range []struct {
		flag rune
		text string
	}{{'s', system}, {'n', "localhost"}, {'r', "0"}, {'m', machine}} {
		if c.has(p.flag) || c.has('a') || p.flag == 's' && len(c.flags) == 0 {
			parts = append(parts, p.text)
		}
	}
	_, err := fmt.Fprintln(c.out, strings.Join(parts, " "))
	return err
}

func date(c *call) error {
	at := time.Now().UTC()
	if d, ok := c.values['d']; ok {
		secs, err := strconv.ParseInt(strings.TrimPrefix(d, "@"), 10, 64)
		if err != nil {
			return &usageError{fmt.Sprintf("invalid date '%s'", d)}
		}
		at = time.Unix(secs, 0).UTC()
	}
	format := "+%a %b %e %H:%M:%S UTC %Y"
	if len(c.args) > 0 {
		format = c.args[0]
	}
	r := strings.NewReplacer(
		"%%", "%", "%Y", at.Format("2006"), "%m", at.Format("01"), "%d", at.Format("02"), "%H", at.Format("15"),
		"%M", at.Format("04"), "%S", at.Format("05"), "%s", strconv.FormatInt(at.Unix(), 10), "%N", fmt.Sprintf("%09d", at.Nanosecond()),
		"%F", at.Format("2006-01-02"), "%T", at.Format("15:04:05"), "%a", at.Format("Mon"), "%b", at.Format("Jan"), "%e", at.Format("_2"),
		"%j", fmt.Sprintf("%03d", at.YearDay()), "%y", at.Format("06"), "%n", "\n")
	_, err := fmt.Fprintln(c.out, r.Replace(strings.TrimPrefix(format, "+")))
	return err
}
