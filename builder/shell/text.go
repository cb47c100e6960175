package shell

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

var textApplets = map[string]*applet{
	"cat": {flags: "un", run: func(c *call) error {
		return c.inputs(c.args, func(_ string, r io.Reader) error {
			_, err := io.Copy(c.out, r)
			return err
		})
	}},
	"head": {flags: "n:c:q", long: map[string]rune{"lines": 'n', "bytes": 'c'}, run: head},
	"tail": {flags: "n:c:q", long: map[string]rune{"lines": 'n', "bytes": 'c'}, run: tail},
	"sort": {flags: "nrubfsk:t:o:zV", long: map[string]rune{"reverse": 'r', "unique": 'u', "numeric-sort": 'n', "output": 'o', "zero-terminated": 'z'}, run: sortLines},
	"uniq": {flags: "cdu", run: uniq},
	"tr":   {flags: "dscC", run: tr},
	"wc":   {flags: "lwcm", run: wc},
	"cut":  {flags: "d:f:c:b:s", run: cut},
	"tee":  {flags: "a", run: tee},
	"seq":  {flags: "-", run: seq},
	"rev": {run: func(c *call) error {
		return c.lines(c.args, func(l string) error {
			r := []rune(l)
			slices.Reverse(r)
			_, err := fmt.Fprintln(c.out, string(r))
			return err
		})
	}},
	"tac": {run: func(c *call) error {
		var all []string
		err := c.lines(c.args, func(l string) error { all = append(all, l); return nil })
		for _, l := range slices.Backward(all) {
			fmt.Fprintln(c.out, l)
		}
		return err
	}},
	"cmp": {flags: "s", run: compare},
}

// count reads the value of head's and tail's -n or -c.
func (c *call) count() (n int, sign byte, bytes bool, err error) {
	text, ok := c.values['n']
	if b, given := c.values['c']; given {
		text, ok, bytes = b, true, true
	}
	if !ok {
		return 10, 0, false, nil
	}
	if text != "" && (text[0] == '+' || text[0] == '-') {
		sign, text = text[0], text[1:]
	}
	n, err = strconv.Atoi(text)
	if err != nil {
		return 0, 0, false, &usageError{fmt.Sprintf("invalid number '%s'", text)}
	}
	return n, sign, bytes, nil
}

func head(c *call) error {
	n, sign, isBytes, err := c.count()
	if err != nil {
		return err
	}
	return c.inputs(c.args, func(_ string, r io.Reader) error {
		if isBytes && sign == 0 {
			_, err := io.CopyN(c.out, r, int64(n))
			if err == io.EOF {
				err = nil
			}
			return err
		}
		var lines []string
		i := 0
		stop := fmt.Errorf("enough")
		if sign == 0 && n == 0 {
			return nil
		}
		err := eachLine(r, func(l string) error {
			if sign == '-' {
				lines = append(lines, l)
				return nil
			}
			fmt.Fprintln(c.out, l)
			if i++; i == n {
				return stop
			}
			return nil
		})
		for _, l := range lines[:max(0, len(lines)-n)] {
			fmt.Fprintln(c.out, l)
		}
		if err == stop {
			err = nil
		}
		return err
	})
}

func tail(c *call) error {
	n, sign, isBytes, err := c.count()
	if err != nil {
		return err
	}
	return c.inputs(c.args, func(_ string, r io.Reader) error {
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		start := 0
		switch {
		case isBytes && sign == '+':
			start = min(len(data), n-1)
		case isBytes:
			start = max(0, len(data)-n)
		case sign == '+':
			for i := 1; i < n && start < len(data); i++ {
				k := bytes.IndexByte(data[start:], '\n')
				if k < 0 {
					start = len(data)
				} else {
					start += k + 1
				}
			}
		default:
			start = len(data)
			for i := 0; i < n && start > 0; i++ {
				start = bytes.LastIndexByte(data[:start-1], '\n') + 1
			}
		}
		_, err = c.out.Write(data[max(0, start):])
		return err
	})
}

func sortLines(c *call) error {
	var all []string
	sep := byte('\n')
	if c.has('z') {
		sep = 0
	}
	err := c.inputs(c.args, func(_ string, r io.Reader) error {
		data, err := io.ReadAll(r)
		text := strings.TrimSuffix(string(data), string(sep))
		if text != "" || len(data) > 0 {
			all = append(all, strings.Split(text, string(sep))...)
		}
		return err
	})
	if err != nil {
		return err
	}
	key := func(s string) string { return s }
	numeric := c.has('n')
	if k, ok := c.values['k']; ok {
		first, _, _ := strings.Cut(k, ",")
		if strings.HasSuffix(first, "n") {
			numeric = true
		}
		field, err := strconv.Atoi(strings.TrimRight(strings.Split(first, ".")[0], "nrbdf"))
		if err != nil || field < 1 {
			return &usageError{fmt.Sprintf("invalid key '%s'", k)}
		}
		_, last, one := strings.Cut(k, ",")
		one = one && strings.TrimRight(last, "nrbdf") == strconv.Itoa(field)
		key = func(s string) string {
			var fields []string
			if t, ok := c.values['t']; ok {
				fields = strings.Split(s, t)
			} else {
				fields = strings.Fields(s)
			}
			if field > len(fields) {
				return ""
			}
			if one {
				return fields[field-1]
			}
			return strings.Join(fields[field-1:], " ")
		}
	}
	less := func(a, b string) int {
		ka, kb := key(a), key(b)
		if c.has('f') {
			ka, kb = strings.ToUpper(ka), strings.ToUpper(kb)
		}
		if c.has('b') {
			ka, kb = strings.TrimLeft(ka, " \t"), strings.TrimLeft(kb, " \t")
		}
		var r int
		switch {
		case numeric:
			r = cmp.Compare(leadingNumber(ka), leadingNumber(kb))
		case c.has('V'):
			r = compareVersions(ka, kb)
		default:
			r = strings.Compare(ka, kb)
		}
		return r
	}
	slices.SortStableFunc(all, func(a, b string) int {
		r := less(a, b)
		if r == 0 && !c.has('s') && !c.has('u') {
			r = strings.Compare(a, b)
		}
		if c.has('r') {
			r = -r
		}
		return r
	})
	if c.has('u') {
		all = slices.CompactFunc(all, func(a, b string) bool { return less(a, b) == 0 })
	}
	out := c.out
	if o, ok := c.values['o']; ok {
		f, err := os.Create(c.path(o))
		if err != nil {
			return err
		}
		defer f.Close()
		out = f
	}
	for _, l := range all {
		if _, err := io.WriteString(out, l+string(sep)); err != nil {
			return err
		}
	}
	return nil
}

func leadingNumber(s string) float64 {
	s = strings.TrimLeft(s, " \t")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && s[end] == '-') {
		end++
	}
	f, _ := strconv.ParseFloat(s[:end], 64)
	return f
}

// compareVersions compares runs of digits as numbers.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		na, nb := 0, 0
		for na < len(a) && unicode.IsDigit(rune(a[na])) {
			na++
		}
		for nb < len(b) && unicode.IsDigit(rune(b[nb])) {
			nb++
		}
		if na > 0 && nb > 0 {
			da, db := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
			if r := cmp.Or(cmp.Compare(len(da), len(db)), strings.Compare(da, db)); r != 0 {
				return r
			}
			a, b = a[na:], b[nb:]
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

func uniq(c *call) error {
	prev, n := "", 0
	put := func() {
		if n == 0 || c.has('d') && n == 1 || c.has('u') && n > 1 {
			return
		}
		if c.has('c') {
			fmt.Fprintf(c.out, "%7d ", n)
		}
		fmt.Fprintln(c.out, prev)
	}
	err := c.lines(c.args, func(l string) error {
		if n > 0 && l == prev {
			n++
			return nil
		}
		put()
		prev, n = l, 1
		return nil
	})
	put()
	return err
}

func tr(c *call) error {
	if err := c.need(1, "operand"); err != nil {
		return err
	}
	from, err := trSet(c.args[0])
	if err != nil {
		return err
	}
	if c.has('c') || c.has('C') {
		in := map[byte]bool{}
		for _, b := range from {
			in[b] = true
		}
		from = nil
		for i := 0; i < 256; i++ {
			if !in[byte(i)] {
				from = append(from, byte(i))
			}
		}
	}
	var to []byte
	if len(c.args) > 1 {
		if to, err = trSet(c.args[1]); err != nil {
			return err
		}
	}
	var table [256]int
	var squeeze [256]bool
	for i := range table {
		table[i] = i
	}
	for i, b := range from {
		switch {
		case c.has('d'):
			table[b] = -1
		case len(to) > 0:
			table[b] = int(to[min(i, len(to)-1)])
		}
	}
	if c.has('s') {
		set := to
		if len(set) == 0 {
			set = from
		}
		for _, b := range set {
			squeeze[b] = true
		}
	}
	data, err := io.ReadAll(c.in)
	if err != nil {
		return err
	}
	out := data[:0:0]
	last := -1
	for _, b := range data {
		t := table[b]
		if t < 0 || t == last && squeeze[t] {
			continue
		}
		out = append(out, byte(t))
		last = t
	}
	_, err = c.out.Write(out)
	return err
}

var trClasses = map[string]func(b byte) bool{
	"upper": func(b byte) bool { return b >= 'A' && b <= 'Z' },
	"lower": func(b byte) bool { return b >= 'a' && b <= 'z' },
	"digit": func(b byte) bool { return b >= '0' && b <= '9' },
	"alpha": func(b byte) bool { return b|32 >= 'a' && b|32 <= 'z' },
	"alnum": func(b byte) bool { return b|32 >= 'a' && b|32 <= 'z' || b >= '0' && b <= '9' },
	"space": func(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' },
	"punct": func(b byte) bool { return b > ' ' && b < 0x7f && !(b|32 >= 'a' && b|32 <= 'z' || b >= '0' && b <= '9') },
}

// trSet reads a set of bytes: ranges, classes and escapes.
func trSet(s string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(s); {
		if strings.HasPrefix(s[i:], "[:") {
			if end := strings.Index(s[i:], ":]"); end > 0 {
				class := trClasses[s[i+2:i+end]]
				if class == nil {
					return nil, &usageError{fmt.Sprintf("unknown class '%s'", s[i+2:i+end])}
				}
				for b := 0; b < 256; b++ {
					if class(byte(b)) {
						out = append(out, byte(b))
					}
				}
				i += end + 2
				continue
			}
		}
		b, n := trByte(s[i:])
		i += n
		if i+1 < len(s) && s[i] == '-' {
			e, n := trByte(s[i+1:])
			if e >= b {
				for x := int(b); x <= int(e); x++ {
					out = append(out, byte(x))
				}
				i += 1 + n
				continue
			}
		}
		out = append(out, b)
	}
	return out, nil
}

func trByte(s string) (byte, int) {
	if s[0] != '\\' || len(s) == 1 {
		return s[0], 1
	}
	switch s[1] {
	case 'n':
		return '\n', 2
	case 't':
		return '\t', 2
	case 'r':
		return '\r', 2
	case '0', '1', '2', '3', '4', '5', '6', '7':
		n := 1
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(s[1:n], 8, 16)
		return byte(v), n
	}
	return s[1], 2
}

func wc(c *call) error {
	var total [3]int
	show := func(n [3]int, name string) {
		var parts []string
		for i, f := range "lwc" {
			if c.has(f) || len(c.flags) == 0 || f == 'c' && c.has('m') {
				parts = append(parts, strconv.Itoa(n[i]))
			}
		}
		if name != "-" {
			parts = append(parts, name)
		}
		fmt.Fprintln(c.out, strings.Join(parts, " "))
	}
	err := c.inputs(c.args, func(name string, r io.Reader) error {
		data, err := io.ReadAll(r)
		n := [3]int{bytes.Count(data, []byte("\n")), len(bytes.Fields(data)), len(data)}
		for i := range n {
			total[i] += n[i]
		}
		show(n, name)
		return err
	})
	if len(c.args) > 1 {
		show(total, "total")
	}
	return err
}

func cut(c *call) error {
	delim := "\t"
	if d, ok := c.values['d']; ok {
		delim = d
	}
	spec, fields := c.values['f'], true
	if !c.has('f') {
		spec, fields = c.values['c']+c.values['b'], false
	}
	type span struct{ from, to int }
	var spans []span
	for _, part := range strings.Split(spec, ",") {
		a, b, isRange := strings.Cut(part, "-")
		s := span{1, 1 << 30}
		var err1, err2 error
		if a != "" {
			s.from, err1 = strconv.Atoi(a)
		}
		if !isRange {
			s.to = s.from
		} else if b != "" {
			s.to, err2 = strconv.Atoi(b)
		}
		if err1 != nil || err2 != nil || part == "" {
			return &usageError{fmt.Sprintf("invalid list '%s'", spec)}
		}
		spans = append(spans, s)
	}
	in := func(i int) bool {
		return slices.ContainsFunc(spans, func(s span) bool { return i >= s.from && i <= s.to })
	}
	return c.lines(c.args, func(l string) error {
		if !fields {
			var out []byte
			for i := range len(l) {
				if in(i + 1) {
					out = append(out, l[i])
				}
			}
			_, err := fmt.Fprintf(c.out, "%s\n", out)
			return err
		}
		parts := strings.Split(l, delim)
		if len(parts) == 1 {
			if !c.has('s') {
				fmt.Fprintln(c.out, l)
			}
			return nil
		}
		var out []string
		for i, p := range parts {
			if in(i + 1) {
				out = append(out, p)
			}
		}
		_, err := fmt.Fprintln(c.out, strings.Join(out, delim))
		return err
	})
}

func tee(c *call) error {
	writers := []io.Writer{c.out}
	for _, p := range c.args {
		mode := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
		if c.has('a') {
			mode = os.O_CREATE | os.O_WRONLY | os.O_APPEND
		}
		f, err := os.OpenFile(c.path(p), mode, 0o666)
		if err != nil {
			c.fail(err)
			continue
		}
		defer f.Close()
		writers = append(writers, f)
	}
	_, err := io.Copy(io.MultiWriter(writers...), c.in)
	return err
}

func seq(c *call) error {
	nums := []int{1, 1, 1}
	var list []int
	for _, a := range c.args {
		n, err := strconv.Atoi(a)
		if err != nil {
			return &usageError{fmt.Sprintf("invalid number '%s'", a)}
		}
		list = append(list, n)
	}
	switch len(list) {
	case 1:
		nums[2] = list[0]
	case 2:
		nums[0], nums[2] = list[0], list[1]
	case 3:
		copy(nums, list)
	default:
		return &usageError{"wrong number of operands"}
	}
	if nums[1] == 0 {
		return &usageError{"increment is 0"}
	}
	for i := nums[0]; nums[1] > 0 && i <= nums[2] || nums[1] < 0 && i >= nums[2]; i += nums[1] {
		if _, err := fmt.Fprintln(c.out, i); err != nil {
			return err
		}
	}
	return nil
}

func compare(c *call) error {
	if err := c.need(2, "operand"); err != nil {
		return err
	}
	a, err := os.ReadFile(c.path(c.args[0]))
	if err != nil {
		return err
	}
	b, err := os.ReadFile(c.path(c.args[1]))
	if err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		return nil
	}
	if !c.has('s') {
		fmt.Fprintf(c.out, "%s %s differ\n", c.args[0], c.args[1])
	}
	return status(1)
}
