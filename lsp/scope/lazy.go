package scope

import (
	"sync"

	"gonix.dev/gonix/parser/ast"
)

// Lazy knows the names of a file as far as somebody asks. Of a file of thousands of
// names most requests want to know a few. It may be shared between goroutines.
//
// What two calls return need not be the same objects, but is equal.
type Lazy struct {
	file *ast.File
	// whole resolves the file; known returns what came of that, if it happened
	// already, or nil.
	whole, known func() *Info

	mu    sync.Mutex
	last  *Info // of part
	part  ast.Span
	asked int
}

// NewLazy makes one for a file. whole is expected to remember its result, and known to
// tell it, if there is one, or nil.
func NewLazy(f *ast.File, whole, known func() *Info) *Lazy {
	return &Lazy{file: f, whole: whole, known: known}
}

// enough is how many parts are looked at before it is cheaper to know them all.
const enough = 12

// Whole returns all that is known of the file.
func (l *Lazy) Whole() *Info { return l.whole() }

// Around returns what is known of a part of the file; see [ResolveIn].
func (l *Lazy) Around(part ast.Span) *Info {
	if info := l.known(); info != nil {
		return info
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != nil && l.part.Start <= part.Start && part.End <= l.part.End {
		return l.last
	}
	if l.asked++; l.asked > enough {
		return l.whole()
	}
	l.last, l.part = ResolveIn(l.file, part), part
	return l.last
}

// UseAt is like [Info.UseAt], but that nothing is known of other uses.
func (l *Lazy) UseAt(off ast.Pos) *Use { return l.at(off).UseAt(off) }

// DefAt is like [Info.DefAt], but that nothing is known of uses.
func (l *Lazy) DefAt(off ast.Pos) *Def { return l.at(off).DefAt(off) }

func (l *Lazy) at(off ast.Pos) *Info { return l.Around(ast.Span{Start: off, End: off}) }
