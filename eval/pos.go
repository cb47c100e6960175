package eval

import (
	"sort"

	"gonix.dev/gonix/parser/ast"
)

// Pos is a place in any of the files of a State, 0 for none. Files take ranges
// of one number line.
type Pos uint32

// Position is a resolved [Pos].
type Position struct {
	File   *ast.File
	Line   int // from 1
	Column int // from 1, in bytes
}

type fileRange struct {
	base Pos
	file *ast.File
}

// addFile gives a file its range.
func (st *State) addFile(f *ast.File) Pos {
	base := st.nextPos
	st.files = append(st.files, fileRange{base, f})
	st.nextPos += Pos(len(f.Src)) + 1
	return base
}

// Position resolves a position.
func (st *State) Position(p Pos) (Position, bool) {
	if p == 0 {
		return Position{}, false
	}
	i := sort.Search(len(st.files), func(i int) bool { return st.files[i].base > p }) - 1
	if i < 0 {
		return Position{}, false
	}
	f := st.files[i]
	at := f.file.Position(ast.Pos(p - f.base))
	return Position{f.file, at.Line, at.Column}, true
}
