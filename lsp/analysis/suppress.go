package analysis

import (
	"strings"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

const ignoreWord = "gonix-ignore"

// ignores are the codes that comments silence: by line, and for the whole file
// under line 0. The code "" means all.
type ignores map[int]map[string]bool

// suppress leaves out what comments silence.
func suppress(f *ast.File, found []Diagnostic) []Diagnostic {
	if len(found) == 0 || !strings.Contains(f.Src, ignoreWord) {
		return found
	}
	ig := findIgnores(f)
	out := found[:0]
	for _, d := range found {
		line := f.Position(d.Start).Line
		if !ig.silences(0, d.Code) && !ig.silences(line, d.Code) {
			out = append(out, d)
		}
	}
	return out
}

func (ig ignores) silences(line int, code string) bool {
	return ig[line][code] || ig[line][""]
}

func findIgnores(f *ast.File) ignores {
	list := f.Comments
	if list == nil { // there are none, or they were not kept
		list = parser.Parse(f.Name, f.Src, parser.KeepComments|parser.PipeOperators).Comments
	}
	ig := ignores{}
	for _, c := range list {
		text := strings.Trim(f.Src[c.Start:c.End], "#/* \t\n\r")
		rest, ok := strings.CutPrefix(text, ignoreWord)
		if !ok {
			continue
		}
		line := 0
		if file, ok := strings.CutPrefix(rest, "-file"); ok {
			rest = file
		} else {
			line = f.Position(c.Start).Line
			start := f.LineStart(line)
			if strings.TrimSpace(f.Src[start:c.Start]) == "" {
				line = f.Position(c.End).Line + 1 // alone: it is about the next line
			}
		}
		if rest != "" && rest[0] != ':' && rest[0] != ' ' {
			continue
		}
		rest, _, _ = strings.Cut(rest, "\n")
		codes := strings.FieldsFunc(strings.TrimPrefix(rest, ":"), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		if len(codes) == 0 {
			codes = []string{""}
		}
		if ig[line] == nil {
			ig[line] = map[string]bool{}
		}
		for _, code := range codes {
			ig[line][code] = true
		}
	}
	return ig
}
