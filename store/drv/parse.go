package drv

import (
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// ParseError is a .drv file that is malformed. Its text is Nix's, with the offset.
type ParseError struct {
	Name   string // of the derivation
	Offset int    // in bytes
	Msg    string
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("error parsing derivation '%s' at byte %d: %s", e.Name, e.Offset, e.Msg)
}

// Parse reads the text of a .drv file. name is the derivation's, without ".drv";
// it is not part of the text.
func Parse(dir store.Dir, text, name string) (*Derivation, error) {
	p := &parser{dir: dir, s: text, d: &Derivation{Name: name}}
	if err := p.derivation(); err != nil {
		return nil, &ParseError{name, p.pos, err.Error()}
	}
	return p.d, nil
}

// maxInputDepth bounds how deep dynamic inputs nest, to bound the stack.
const maxInputDepth = 64

type parser struct {
	dir     store.Dir
	s       string
	pos     int
	dynamic bool
	d       *Derivation
}

func (p *parser) derivation() error {
	d := p.d
	switch {
	case p.accept("Derive("):
	case p.accept("DrvWithVersion("):
		v, err := p.str()
		if err != nil {
			return err
		}
		if v != "xp-dyn-drv" {
			return fmt.Errorf("Unknown derivation ATerm format version '%s'", v)
		}
		if err := p.expect(","); err != nil {
			return err
		}
		p.dynamic = true
	default:
		return fmt.Errorf("derivation does not start with 'Derive' or 'DrvWithVersion'")
	}
	if err := p.list(p.output); err != nil {
		return err
	}
	if err := p.expect(","); err != nil {
		return err
	}
	if err := p.list(p.inputDrv); err != nil {
		return err
	}
	if err := p.expect(","); err != nil {
		return err
	}
	if err := p.list(func() error {
		src, err := p.path()
		d.InputSrcs = append(d.InputSrcs, src)
		return err
	}); err != nil {
		return err
	}
	var err error
	if err = p.expect(","); err != nil {
		return err
	}
	if d.System, err = p.str(); err != nil {
		return err
	}
	if err = p.expect(","); err != nil {
		return err
	}
	if d.Builder, err = p.str(); err != nil {
		return err
	}
	if err = p.expect(","); err != nil {
		return err
	}
	if err = p.list(func() error {
		a, err := p.str()
		d.Args = append(d.Args, a)
		return err
	}); err != nil {
		return err
	}
	if err = p.expect(","); err != nil {
		return err
	}
	if err = p.list(p.envVar); err != nil {
		return err
	}
	if err = p.expect(")"); err != nil {
		return err
	}
	p.sortAll()
	return nil
}

// sortAll brings lists that Nix reads into sets and maps into their order. Files
// that Nix wrote have it already.
func (p *parser) sortAll() {
	d := p.d
	byName := func(a, b Output) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(d.Outputs, byName) {
		slices.SortStableFunc(d.Outputs, byName)
	}
	d.Outputs = slices.CompactFunc(d.Outputs, func(a, b Output) bool { return a.Name == b.Name })
	d.InputSrcs = store.SortPaths(d.InputSrcs)
	byEnv := func(a, b EnvVar) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(d.Env, byEnv) {
		slices.SortStableFunc(d.Env, byEnv)
	}
	// Of a name that comes twice the last value counts.
	env := d.Env[:0]
	for _, e := range d.Env {
		if n := len(env); n > 0 && env[n-1].Name == e.Name {
			env[n-1] = e
		} else {
			env = append(env, e)
		}
	}
	d.Env = env
	byPath := func(a, b InputDrv) int { return a.Path.Compare(b.Path) }
	if !slices.IsSortedFunc(d.InputDrvs, byPath) {
		slices.SortStableFunc(d.InputDrvs, byPath)
	}
	ins := d.InputDrvs[:0]
	for _, in := range d.InputDrvs {
		if n := len(ins); n > 0 && ins[n-1].Path == in.Path {
			ins[n-1] = in
		} else {
			ins = append(ins, in)
		}
	}
	d.InputDrvs = ins
}

func (p *parser) output() error {
	var f [4]string
	if err := p.expect("("); err != nil {
		return err
	}
	for i := range f {
		if i > 0 {
			if err := p.expect(","); err != nil {
				return err
			}
		}
		var err error
		if f[i], err = p.str(); err != nil {
			return err
		}
	}
	if err := p.expect(")"); err != nil {
		return err
	}
	o, err := parseOutput(p.dir, p.d.Name, f[0], f[1], f[2], f[3])
	if err != nil {
		return err
	}
	p.d.Outputs = append(p.d.Outputs, o)
	return nil
}

func parseOutput(dir store.Dir, drvName, name, path, algo, digest string) (Output, error) {
	o := Output{Name: name}
	var err error
	if algo == "" {
		if path != "" {
			o.Kind = InputAddressed
			o.Path, err = dir.ParseCanonical(path)
		}
		return o, err
	}
	if o.Method, o.Algo, err = store.ParseMethodAlgo(algo); err != nil {
		return o, err
	}
	switch digest {
	case "impure":
		if path != "" {
			return o, fmt.Errorf("impure derivation output should not specify output path")
		}
		o.Kind = Impure
		return o, nil
	case "":
		if path != "" {
			return o, fmt.Errorf("content-addressing derivation output should not specify output path")
		}
		o.Kind = CAFloating
		return o, nil
	}
	o.Kind = CAFixed
	stated, err := dir.ParseCanonical(path)
	if err != nil {
		return o, err
	}
	if o.Hash, err = hash.ParseUnprefixed(digest, o.Algo); err != nil {
		return o, err
	}
	if err := o.fixPath(dir, drvName); err != nil {
		return o, err
	}
	// Redundant, but if it disagreed the same derivation would have two hashes.
	if o.Path != stated {
		return o, fmt.Errorf("derivation output '%s' has path '%s', which does not match its content address", name, path)
	}
	return o, nil
}

// fixPath computes the path of a fixed output.
func (o *Output) fixPath(dir store.Dir, drvName string) error {
	var err error
	o.Algo = o.Hash.Algo
	o.Path, err = dir.FixedOutputPath(store.OutputPathName(drvName, o.Name), o.Method, o.Hash, nil, false)
	return err
}

func (p *parser) inputDrv() error {
	if err := p.expect("("); err != nil {
		return err
	}
	path, err := p.path()
	if err != nil {
		return err
	}
	if err := p.expect(","); err != nil {
		return err
	}
	in := InputDrv{Path: path}
	if err := p.inputNode(&in.InputNode, 0); err != nil {
		return err
	}
	if len(in.Outputs) == 0 && len(in.Dynamic) == 0 {
		return fmt.Errorf("inputDrvs entry for '%s' specifies no outputs", p.dir.Format(path))
	}
	p.d.InputDrvs = append(p.d.InputDrvs, in)
	return p.expect(")")
}

func (p *parser) inputNode(n *InputNode, depth int) error {
	names := func() error {
		s, err := p.str()
		n.Outputs = append(n.Outputs, s)
		return err
	}
	defer n.normalize()
	if !p.dynamic || p.peek() == '[' {
		return p.list(names)
	}
	if depth > maxInputDepth {
		return fmt.Errorf("inputDrvs entry nests too deeply")
	}
	if !p.accept("(") {
		return fmt.Errorf("invalid inputDrvs entry in derivation")
	}
	if err := p.list(names); err != nil {
		return err
	}
	if err := p.expect(","); err != nil {
		return err
	}
	if err := p.list(func() error {
		if err := p.expect("("); err != nil {
			return err
		}
		var in DynamicInput
		var err error
		if in.Output, err = p.str(); err != nil {
			return err
		}
		if err = p.expect(","); err != nil {
			return err
		}
		if err = p.inputNode(&in.InputNode, depth+1); err != nil {
			return err
		}
		n.Dynamic = append(n.Dynamic, in)
		return p.expect(")")
	}); err != nil {
		return err
	}
	return p.expect(")")
}

func (p *parser) envVar() error {
	if err := p.expect("("); err != nil {
		return err
	}
	name, err := p.str()
	if err != nil {
		return err
	}
	if err := p.expect(","); err != nil {
		return err
	}
	value, err := p.str()
	if err != nil {
		return err
	}
	p.d.Env = append(p.d.Env, EnvVar{name, value})
	return p.expect(")")
}

// list reads `[item,item...]`.
func (p *parser) list(item func() error) error {
	if err := p.expect("["); err != nil {
		return err
	}
	if p.accept("]") {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.accept("]") {
			return nil
		}
		if err := p.expect(","); err != nil {
			return err
		}
	}
}

func (p *parser) peek() byte {
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

func (p *parser) accept(s string) bool {
	if strings.HasPrefix(p.s[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return fmt.Errorf("expected string '%s'", s)
	}
	return nil
}

func (p *parser) path() (store.Path, error) {
	s, err := p.str()
	if err != nil {
		return store.Path{}, err
	}
	return p.dir.ParseCanonical(s)
}

// str reads a quoted string. Without escapes the result shares the text's memory.
func (p *parser) str() (string, error) {
	if err := p.expect(`"`); err != nil {
		return "", err
	}
	rest := p.s[p.pos:]
	i := strings.IndexAny(rest, `"\`)
	if i >= 0 && rest[i] == '"' {
		p.pos += i + 1
		return rest[:i], nil
	}
	var b strings.Builder
	for i >= 0 {
		b.WriteString(rest[:i])
		if rest[i] == '"' {
			p.pos = len(p.s) - len(rest) + i + 1
			return b.String(), nil
		}
		if i+1 >= len(rest) {
			break
		}
		switch c := rest[i+1]; c {
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		default:
			b.WriteByte(c)
		}
		rest = rest[i+2:]
		i = strings.IndexAny(rest, `"\`)
	}
	return "", fmt.Errorf("unterminated string in derivation")
}
