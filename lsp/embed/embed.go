// Package embed understands the other languages inside Nix strings: which string
// holds what, and, in builds with cgo, what tree-sitter has to say about it.
//
// A string is first turned into the text that Nix will make of it: escapes
// resolved, the common indentation gone, and every interpolation masked by a word
// of the language ([Content]). Beside the text stands, for each byte, the place in
// the Nix source that it comes from, so that whatever is found in the text can be
// shown in the source.
package embed

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"gonix.dev/gonix/lsp/cursor"
	"gonix.dev/gonix/parser/ast"
)

// Language is a language inside strings.
type Language string

// The languages.
const (
	None   Language = ""
	Bash   Language = "bash"
	Python Language = "python"
	JSON   Language = "json"
)

// Region is one string with its language.
type Region struct {
	ast.Span
	Language Language
	Content  Content
}

func (r Region) movedBy(n ast.Pos) Region {
	if n != 0 {
		r.Span = ast.Span{Start: r.Start + n, End: r.End + n}
		r.Content = r.Content.movedBy(n)
	}
	return r
}

// shellApplication is the function whose argument has a script by the name of text.
const shellApplication = "writeShellApplication"

// maxRegion bounds the strings that are looked into.
const maxRegion = 1 << 20

// Found are the strings of a file that hold another language, in order.
type Found struct {
	Regions []Region
	// applications are the calls of writeShellApplication, in which other names hold
	// scripts than elsewhere.
	applications []ast.Span
	// bindings are the starts of all bindings, in order.
	bindings []ast.Pos
}

// Older is what was found in an older version of a text.
type Older struct {
	Found
	// Same returns how many of some bindings in a row are the same in that version, if
	// the first is one there, and by how much they have moved since.
	Same func([]ast.Binding) (n int, moved ast.Pos)
}

// Find finds the strings of a file that hold another language. older may be nil.
func Find(f *ast.File, older *Older) Found {
	s := search{f: f, older: older}
	s.node(f.Root)
	return s.found
}

type search struct {
	f           *ast.File
	older       *Older
	path        []ast.Node // the nodes around
	application int        // how many of them are calls of writeShellApplication
	found       Found
}

func (s *search) bindings(list []ast.Binding) {
	for len(list) > 0 {
		n := s.takeOver(list)
		if n == 0 {
			s.found.bindings = append(s.found.bindings, list[0].Pos())
			s.node(list[0])
			n = 1
		}
		list = list[n:]
	}
}

// takeOver adds what the older version had in bindings that have not changed, and
// returns their number.
func (s *search) takeOver(list []ast.Binding) int {
	if s.older == nil || s.application > 0 {
		return 0
	}
	if a, ok := list[0].(*ast.Attr); ok && (len(a.Path) == 0 || a.Path[0].Quoted || a.Path[0].Braced != nil) {
		return 0 // an annotation before it may be another
	}
	n, moved := s.older.Same(list)
	if n == 0 {
		return 0
	}
	old := ast.Span{Start: list[0].Pos() - moved, End: list[n-1].Stop() - moved}
	from, ok := slices.BinarySearch(s.older.bindings, old.Start)
	if !ok {
		return 0
	}
	to, _ := slices.BinarySearch(s.older.bindings, old.End)
	inside := func(a ast.Span) bool { return old.Start <= a.Start && a.End <= old.End }
	for _, a := range s.older.applications {
		if !inside(a) && a.Contains(old.Start) {
			return 0
		}
	}
	for _, a := range s.older.applications {
		if inside(a) {
			s.found.applications = append(s.found.applications, ast.Span{Start: a.Start + moved, End: a.End + moved})
		}
	}
	for _, at := range s.older.bindings[from:to] {
		s.found.bindings = append(s.found.bindings, at+moved)
	}
	known := s.older.Regions
	i := sort.Search(len(known), func(i int) bool { return known[i].Start >= old.Start })
	for ; i < len(known) && inside(known[i].Span); i++ {
		s.found.Regions = append(s.found.Regions, known[i].movedBy(moved))
	}
	return n
}

func (s *search) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Ident, *ast.Int, *ast.Float, *ast.SearchPath, *ast.URI, *ast.Bad:
		return
	case *ast.String:
		s.text(n, n.Parts)
		return
	case *ast.IndString:
		s.text(n, n.Parts)
		return
	}
	s.path = append(s.path, n)
	before := s.application
	switch n := n.(type) {
	// The bulk of large files, faster than through Children.
	case *ast.Apply:
		if cursor.LastName(n.Fn) == shellApplication {
			s.application++
			s.found.applications = append(s.found.applications, n.Span)
		}
		s.node(n.Fn)
		s.node(n.Arg)
	case *ast.Attr:
		s.names(n.Path)
		s.node(n.Value)
	case *ast.Select:
		s.node(n.X)
		s.names(n.Path)
		if n.Default != nil {
			s.node(n.Default)
		}
	case *ast.AttrSet:
		s.bindings(n.Bindings)
	case *ast.Let:
		s.bindings(n.Bindings)
		s.node(n.Body)
	default:
		for c := range ast.Children(n) {
			s.node(c)
		}
	}
	s.path, s.application = s.path[:len(s.path)-1], before
}

func (s *search) names(list []*ast.AttrName) {
	for _, n := range list {
		if n.Expr != nil || n.Braced != nil {
			s.node(n)
		}
	}
}

// text looks at a string, and into it.
func (s *search) text(n ast.Node, parts []ast.Part) {
	if r := n.Range(); r.End-r.Start < maxRegion {
		if lang := language(s.f, s.path, n); lang != None {
			if c, ok := Text(s.f.Src, n, lang); ok {
				s.found.Regions = append(s.found.Regions, Region{r, lang, c})
			}
		}
	}
	s.path = append(s.path, n)
	for i := range parts {
		if parts[i].Expr != nil {
			s.node(parts[i].Expr)
		}
	}
	s.path = s.path[:len(s.path)-1]
}

// names are what annotations call the languages.
var names = map[string]Language{
	"bash": Bash, "sh": Bash, "shell": Bash, "python": Python, "python3": Python, "py": Python, "json": JSON,
}

var annotation = regexp.MustCompile(`/\*\s*([A-Za-z0-9]+)\s*\*/\s*\(?\s*$`)

// language decides by an annotation before a string, the name it is bound to, or
// the function it is passed to.
func language(f *ast.File, path []ast.Node, n ast.Node) Language {
	start := max(0, n.Pos()-60)
	before := f.Src[start:n.Pos()]
	if strings.Contains(before, "*/") {
		if m := annotation.FindStringSubmatch(before); m != nil {
			return names[strings.ToLower(m[1])]
		}
	}
	_, indented := n.(*ast.IndString)
	for i := len(path) - 1; i >= 0; i-- {
		switch p := path[i].(type) {
		case *ast.Paren:
			continue
		case *ast.Binary:
			if p.Op == ast.OpAdd {
				continue // pieces of one text
			}
			return None
		case *ast.Apply:
			if outer, ok := path[max(i-1, 0)].(*ast.Apply); ok && i > 0 && outer.Fn == ast.Expr(p) {
				continue // an argument that is not the last
			}
			fn, args := cursor.Call(p)
			name := cursor.LastName(fn)
			switch name {
			case "optionalString", "mkIf", "mkBefore", "mkAfter", "mkForce", "mkDefault", "concatStrings":
				continue // the text goes on to where the result goes
			}
			return byFunction(name, args, n)
		case *ast.Attr:
			if len(p.Path) == 0 {
				return None
			}
			name := p.Path[len(p.Path)-1].Name
			if lang := byName(name, indented); lang != None {
				return lang
			}
			if name == "text" && i > 1 {
				for _, outer := range path[:i] {
					if call, ok := outer.(*ast.Apply); ok && cursor.LastName(call.Fn) == shellApplication {
						return Bash
					}
				}
			}
			return None
		default:
			return None
		}
	}
	return None
}

// byName decides by the name of an attribute, as mkDerivation, systemd units and
// the like have them.
func byName(name string, indented bool) Language {
	switch {
	case strings.HasSuffix(name, "Phase") && name != "Phase", strings.HasSuffix(name, "Hook"):
		return Bash
	case name == "buildCommand", name == "installCheckScript":
		return Bash
	case !indented:
		return None
	}
	switch name {
	case "script", "preStart", "postStart", "preStop", "postStop", "reload", "extraBuildCommands", "shellInit", "interactiveShellInit", "loginShellInit", "bashrcExtra", "initExtra":
		return Bash
	case "testScript":
		return Python
	}
	return None
}

// byFunction decides by the function that a string is an argument of.
func byFunction(name string, args []ast.Expr, n ast.Node) Language {
	last := len(args) > 0 && cursor.Unparen(args[len(args)-1]) == n
	switch {
	case !last:
		return None
	case strings.HasPrefix(name, "writeShellScript"), strings.HasPrefix(name, "runCommand"), name == "writeBash", name == "writeBashBin", name == "writeDash":
		return Bash
	case strings.HasPrefix(name, "writePython"):
		return Python
	case name == "fromJSON":
		return JSON
	case name == "writeText" || name == "toFile" || name == "writeScript" || name == "writeScriptBin":
		file, _ := cursor.Literal(args[0])
		switch {
		case strings.HasSuffix(file, ".json"):
			return JSON
		case strings.HasSuffix(file, ".py"):
			return Python
		case strings.HasSuffix(file, ".sh"), strings.HasSuffix(file, ".bash"):
			return Bash
		}
	}
	return None
}
