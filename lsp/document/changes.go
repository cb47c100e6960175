package document

import (
	"slices"
	"sort"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Version is what has to be kept of a snapshot to find out later what has changed
// since.
type Version struct {
	Text  string
	dirty []ast.Pos
}

// Current returns the snapshot's own version.
func (s *Snapshot) Current() Version { return Version{s.Text, s.Revision().Dirty()} }

// Changes tells which bindings of a snapshot are as they were in an older version.
type Changes struct {
	parser.Edit
	older, newer Version
}

// Since compares the snapshot with an older version of its text.
func (s *Snapshot) Since(older Version) Changes {
	return Changes{parser.EditBetween(older.Text, s.Text), older, s.Current()}
}

// Same returns how many of some bindings in a row, from the first one on, the older
// version had in a row as well, and by how much they have moved. They are the same but
// for what is around them. That goes if the first was a binding there: its text may
// have been part of a string, a comment or an error instead.
func (c *Changes) Same(list []ast.Binding) (n int, moved ast.Pos) {
	first, limit := list[0].Pos(), c.Start
	if first >= limit {
		if first < c.NewEnd {
			return 0, 0
		}
		limit, moved = ast.Pos(len(c.newer.Text)), c.Moved()
	}
	// A binding with a dirty one inside of it is dirty.
	limit = min(limit, Next(c.newer.dirty, first), Next(c.older.dirty, first-moved)+moved)
	return sort.Search(len(list), func(i int) bool { return list[i].Stop() > limit }), moved
}

// Next returns the first offset of a list from one on, and one after all texts when
// there is none.
func Next(list []ast.Pos, from ast.Pos) ast.Pos {
	if i, _ := slices.BinarySearch(list, from); i < len(list) {
		return list[i]
	}
	return maxLength
}
