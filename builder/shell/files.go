package shell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

var fileApplets = map[string]*applet{
	"cp":    {flags: "RrapdfLPHnuvT", long: map[string]rune{"recursive": 'r', "archive": 'a', "force": 'f', "no-preserve": 'N', "no-target-directory": 'T', "verbose": 'v'}, run: cp},
	"mv":    {flags: "fnvT", long: map[string]rune{"force": 'f', "no-target-directory": 'T'}, run: mv},
	"rm":    {flags: "rRfdv", long: map[string]rune{"recursive": 'r', "force": 'f'}, run: rm},
	"mkdir": {flags: "pm:v", long: map[string]rune{"parents": 'p', "mode": 'm'}, run: mkdir},
	"rmdir": {flags: "p", long: map[string]rune{"parents": 'p', "ignore-fail-on-non-empty": 'i'}, run: func(c *call) error {
		for _, p := range c.args {
			if st, err := os.Lstat(c.path(p)); err == nil && !st.IsDir() {
				c.fail(fmt.Errorf("%s: not a directory", p))
			} else if err := os.Remove(c.path(p)); err != nil {
				c.fail(err)
			}
		}
		return nil
	}},
	"ln":       {flags: "sfnvTr", long: map[string]rune{"symbolic": 's', "force": 'f', "no-dereference": 'n', "relative": 'r', "no-target-directory": 'T'}, run: ln},
	"chmod":    {flags: "-", run: chmod},
	"touch":    {flags: "acmhd:r:t:", long: map[string]rune{"no-create": 'c', "date": 'd', "reference": 'r', "no-dereference": 'h'}, run: touch},
	"install":  {flags: "dDm:pvTt:c", long: map[string]rune{"directory": 'd', "mode": 'm', "target-directory": 't'}, run: install},
	"readlink": {flags: "fen", run: readlink},
	"realpath": {flags: "s", run: readlink},
	"mktemp":   {flags: "dp:t", run: mktemp},
	"mkfifo": {run: func(c *call) error {
		for _, p := range c.args {
			if err := mkfifo(c.path(p)); err != nil {
				c.fail(fmt.Errorf("%s: %w", p, err))
			}
		}
		return nil
	}},
}

// into is where src goes when it is copied to target.
func (c *call) into(src, target string, isDir bool) string {
	if isDir {
		return filepath.Join(c.path(target), filepath.Base(src))
	}
	return c.path(target)
}

// sources splits operands into what to copy and where to.
func (c *call) sources() (srcs []string, target string, isDir bool, err error) {
	if err := c.need(2, "operands"); err != nil {
		return nil, "", false, err
	}
	srcs, target = c.args[:len(c.args)-1], c.args[len(c.args)-1]
	st, err := os.Stat(c.path(target))
	isDir = err == nil && st.IsDir() && !c.has('T')
	if len(srcs) > 1 && !isDir {
		return nil, "", false, fmt.Errorf("%s: not a directory", target)
	}
	return srcs, target, isDir, nil
}

func cp(c *call) error {
	srcs, target, isDir, err := c.sources()
	if err != nil {
		return err
	}
	recursive := c.has('r') || c.has('R') || c.has('a')
	for _, s := range srcs {
		dst := c.into(s, target, isDir)
		o := copyOptions{
			recursive: recursive, force: c.has('f'), noClobber: c.has('n'),
			follow:   !recursive && !c.has('P') && !c.has('d') || c.has('L'),
			preserve: c.has('p') || c.has('a'),
		}
		if err := copyTree(c.path(s), dst, o); err != nil {
			c.fail(err)
		}
	}
	return nil
}

type copyOptions struct {
	recursive, force, follow, preserve, noClobber bool
}

func copyTree(src, dst string, o copyOptions) error {
	stat := os.Lstat
	if o.follow {
		stat = os.Stat
	}
	st, err := stat(src)
	if err != nil {
		return err
	}
	if o.noClobber {
		if _, err := os.Lstat(dst); err == nil && !st.IsDir() {
			return nil
		}
	}
	switch {
	case st.IsDir():
		if !o.recursive {
			return fmt.Errorf("omitting directory '%s'", src)
		}
		if err := os.Mkdir(dst, st.Mode().Perm()|0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		entries, err := os.ReadDir(src)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := copyTree(filepath.Join(src, e.Name()), filepath.Join(dst, e.Name()), o); err != nil {
				return err
			}
		}
		if st.Mode().Perm()&0o700 != 0o700 {
			if err := os.Chmod(dst, st.Mode().Perm()); err != nil {
				return err
			}
		}
	case st.Mode()&os.ModeSymlink != 0:
		to, err := os.Readlink(src)
		if err != nil {
			return err
		}
		os.Remove(dst)
		return os.Symlink(to, dst)
	default:
		if err := copyFile(src, dst, st.Mode().Perm(), o.force); err != nil {
			return err
		}
	}
	if o.preserve {
		os.Chmod(dst, st.Mode().Perm())
		return os.Chtimes(dst, st.ModTime(), st.ModTime())
	}
	return nil
}

func copyFile(src, dst string, mode os.FileMode, force bool) error {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil && force {
		os.Remove(dst)
		out, err = os.OpenFile(dst, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	}
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

func mv(c *call) error {
	srcs, target, isDir, err := c.sources()
	if err != nil {
		return err
	}
	for _, s := range srcs {
		dst := c.into(s, target, isDir)
		if c.has('n') {
			if _, err := os.Lstat(dst); err == nil {
				continue
			}
		}
		if err := os.Rename(c.path(s), dst); err != nil {
			// Perhaps onto another file system.
			if _, e := os.Lstat(c.path(s)); e != nil {
				c.fail(e)
				continue
			}
			if err = copyTree(c.path(s), dst, copyOptions{recursive: true, preserve: true, force: true}); err == nil {
				err = os.RemoveAll(c.path(s))
			}
			if err != nil {
				c.fail(err)
			}
		}
	}
	return nil
}

func rm(c *call) error {
	for _, p := range c.args {
		st, err := os.Lstat(c.path(p))
		switch {
		case err != nil:
			if !c.has('f') || !errors.Is(err, fs.ErrNotExist) {
				c.fail(err)
			}
			continue
		case st.IsDir() && !c.has('r') && !c.has('R') && !c.has('d'):
			c.fail(fmt.Errorf("%s: is a directory", p))
			continue
		case st.IsDir() && !c.has('d'):
			err = os.RemoveAll(c.path(p))
		default:
			err = os.Remove(c.path(p))
		}
		if err != nil {
			c.fail(err)
		}
	}
	return nil
}

func mkdir(c *call) error {
	if err := c.need(1, "operand"); err != nil {
		return err
	}
	for _, p := range c.args {
		var err error
		if c.has('p') {
			err = os.MkdirAll(c.path(p), 0o777)
		} else {
			err = os.Mkdir(c.path(p), 0o777)
		}
		if err == nil && c.has('m') {
			var st os.FileInfo
			if st, err = os.Stat(c.path(p)); err == nil {
				var mode os.FileMode
				if mode, err = parseMode(c.values['m'], st.Mode()); err == nil {
					err = os.Chmod(c.path(p), mode)
				}
			}
		}
		if err != nil {
			c.fail(err)
		}
	}
	return nil
}

func ln(c *call) error {
	if err := c.need(1, "operand"); err != nil {
		return err
	}
	if len(c.args) == 1 {
		c.args = append(c.args, ".")
	}
	srcs, target := c.args[:len(c.args)-1], c.args[len(c.args)-1]
	stat := os.Stat
	if c.has('n') {
		stat = os.Lstat
	}
	st, err := stat(c.path(target))
	isDir := err == nil && st.IsDir() && !c.has('T')
	if len(srcs) > 1 && !isDir {
		return fmt.Errorf("%s: not a directory", target)
	}
	for _, s := range srcs {
		dst := c.into(s, target, isDir)
		if c.has('f') {
			os.Remove(dst)
		}
		if c.has('s') {
			if c.has('r') {
				if s, err = filepath.Rel(filepath.Dir(dst), c.path(s)); err != nil {
					c.fail(err)
					continue
				}
			}
			err = os.Symlink(s, dst)
		} else {
			err = os.Link(c.path(s), dst)
		}
		if err != nil {
			c.fail(err)
		}
	}
	return nil
}

func chmod(c *call) error {
	recursive := false
	for len(c.args) > 0 && (c.args[0] == "-R" || c.args[0] == "-v" || c.args[0] == "-f" || c.args[0] == "--") {
		recursive = recursive || c.args[0] == "-R"
		c.args = c.args[1:]
	}
	if err := c.need(2, "operand"); err != nil {
		return err
	}
	mode := c.args[0]
	one := func(p string) error {
		st, err := os.Stat(p)
		if err != nil {
			return err
		}
		m, err := parseMode(mode, st.Mode())
		if err != nil {
			return &usageError{err.Error()}
		}
		return os.Chmod(p, m)
	}
	for _, p := range c.args[1:] {
		p = c.path(p)
		if !recursive {
			if err := one(p); err != nil {
				c.fail(err)
			}
			continue
		}
		var walk func(p string)
		walk = func(p string) {
			st, err := os.Lstat(p)
			if err == nil && st.Mode()&os.ModeSymlink == 0 {
				err = one(p)
			}
			if err != nil {
				c.fail(err)
				return
			}
			if st.IsDir() {
				entries, err := os.ReadDir(p)
				if err != nil {
					c.fail(err)
				}
				for _, e := range entries {
					walk(filepath.Join(p, e.Name()))
				}
			}
		}
		walk(p)
	}
	return nil
}

// parseMode applies an octal or symbolic mode to what a file has.
func parseMode(s string, old os.FileMode) (os.FileMode, error) {
	if n, err := strconv.ParseUint(s, 8, 12); err == nil {
		return bitsMode(uint32(n)), nil
	}
	m := modeBits(old)
	for _, clause := range strings.Split(s, ",") {
		i := strings.IndexAny(clause, "+-=")
		if i < 0 {
			return 0, fmt.Errorf("invalid mode '%s'", s)
		}
		var who uint32
		for _, c := range clause[:i] {
			switch c {
			case 'u':
				who |= 0o4700
			case 'g':
				who |= 0o2070
			case 'o':
				who |= 0o007
			case 'a':
				who |= 0o6777
			default:
				return 0, fmt.Errorf("invalid mode '%s'", s)
			}
		}
		mask := uint32(0o7777)
		if who == 0 {
			who, mask = 0o6777, 0o7777&^0o022
			if clause[i] == '-' {
				mask = 0o7777
			}
		}
		var bits uint32
		for _, c := range clause[i+1:] {
			switch c {
			case 'r':
				bits |= 0o444
			case 'w':
				bits |= 0o222
			case 'x':
				bits |= 0o111
			case 'X':
				if old.IsDir() || m&0o111 != 0 {
					bits |= 0o111
				}
			case 's':
				bits |= 0o6000
			case 't':
				bits |= 0o1000
			default:
				return 0, fmt.Errorf("invalid mode '%s'", s)
			}
		}
		bits &= (who | 0o1000) & mask
		switch clause[i] {
		case '+':
			m |= bits
		case '-':
			m &^= bits
		case '=':
			m = m&^who | bits
		}
	}
	return bitsMode(m), nil
}

func modeBits(m os.FileMode) uint32 {
	b := uint32(m.Perm())
	if m&os.ModeSetuid != 0 {
		b |= 0o4000
	}
	if m&os.ModeSetgid != 0 {
		b |= 0o2000
	}
	if m&os.ModeSticky != 0 {
		b |= 0o1000
	}
	return b
}

func bitsMode(b uint32) os.FileMode {
	m := os.FileMode(b & 0o777)
	if b&0o4000 != 0 {
		m |= os.ModeSetuid
	}
	if b&0o2000 != 0 {
		m |= os.ModeSetgid
	}
	if b&0o1000 != 0 {
		m |= os.ModeSticky
	}
	return m
}

func touch(c *call) error {
	at := time.Now()
	if d, ok := c.values['d']; ok {
		secs, err := strconv.ParseInt(strings.TrimPrefix(d, "@"), 10, 64)
		if err != nil {
			t, err := time.Parse("2006-01-02", d)
			if err != nil {
				return &usageError{fmt.Sprintf("invalid date '%s'", d)}
			}
			at = t
		} else {
			at = time.Unix(secs, 0)
		}
	}
	if r, ok := c.values['r']; ok {
		st, err := os.Stat(c.path(r))
		if err != nil {
			return err
		}
		at = st.ModTime()
	}
	for _, p := range c.args {
		p := c.path(p)
		if !c.has('c') {
			f, err := os.OpenFile(p, os.O_CREATE|os.O_WRONLY, 0o666)
			if err == nil {
				f.Close()
			} else if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errIsDir) {
				c.fail(err)
				continue
			}
		}
		if err := os.Chtimes(p, at, at); err != nil && !c.has('c') {
			c.fail(err)
		}
	}
	return nil
}

func install(c *call) error {
	mode := "755"
	if c.has('m') {
		mode = c.values['m']
	}
	m, err := parseMode(mode, 0)
	if err != nil {
		return &usageError{err.Error()}
	}
	if c.has('d') {
		for _, p := range c.args {
			if err := os.MkdirAll(c.path(p), 0o755); err != nil {
				c.fail(err)
			} else if err := os.Chmod(c.path(p), m); err != nil {
				c.fail(err)
			}
		}
		return nil
	}
	if t, ok := c.values['t']; ok {
		if c.has('D') {
			if err := os.MkdirAll(c.path(t), 0o755); err != nil {
				return err
			}
		}
		c.args = append(c.args, t)
	}
	if err := c.need(2, "operand"); err != nil {
		return err
	}
	if c.has('D') {
		if err := os.MkdirAll(filepath.Dir(c.path(c.args[len(c.args)-1])), 0o755); err != nil {
			return err
		}
	}
	srcs, target, isDir, err := c.sources()
	if err != nil {
		return err
	}
	for _, s := range srcs {
		dst := c.into(s, target, isDir)
		os.Remove(dst)
		if err := copyFile(c.path(s), dst, 0o600, true); err != nil {
			c.fail(err)
		} else if err := os.Chmod(dst, m); err != nil {
			c.fail(err)
		}
	}
	return nil
}

func readlink(c *call) error {
	for _, p := range c.args {
		var to string
		var err error
		if c.name == "realpath" || c.has('f') || c.has('e') {
			to, err = filepath.EvalSymlinks(c.path(p))
			if errors.Is(err, fs.ErrNotExist) && !c.has('e') {
				// Only the last part may be missing.
				if to, err = filepath.EvalSymlinks(filepath.Dir(c.path(p))); err == nil {
					to = filepath.Join(to, filepath.Base(p))
				}
			}
		} else {
			to, err = os.Readlink(c.path(p))
		}
		if err != nil {
			c.failed = true
			continue
		}
		fmt.Fprint(c.out, to)
		if !c.has('n') {
			fmt.Fprintln(c.out)
		}
	}
	return nil
}

func mktemp(c *call) error {
	dir := "/tmp"
	for _, e := range c.env {
		if v, ok := strings.CutPrefix(e, "TMPDIR="); ok && v != "" {
			dir = v
		}
	}
	if c.has('p') {
		dir = c.values['p']
	}
	pattern := "tmp.*"
	if len(c.args) > 0 {
		pattern = strings.TrimRight(c.args[0], "X") + "*"
		if !c.has('p') && !c.has('t') {
			dir = "."
		}
		if strings.Contains(pattern, "/") {
			dir, pattern = filepath.Dir(pattern), filepath.Base(pattern)
		}
	}
	var name string
	if c.has('d') {
		n, err := os.MkdirTemp(c.path(dir), pattern)
		if err != nil {
			return err
		}
		name = n
	} else {
		f, err := os.CreateTemp(c.path(dir), pattern)
		if err != nil {
			return err
		}
		name = f.Name()
		f.Close()
	}
	_, err := fmt.Fprintln(c.out, name)
	return err
}
