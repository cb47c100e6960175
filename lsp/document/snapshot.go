package document

import (
	"context"
	"path/filepath"
	"sync"

	"go.lsp.dev/uri"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Snapshot is one version of one text. It is immutable and may be shared
// between goroutines.
//
// What is computed from it is computed for somebody, see [Snapshot.For].
type Snapshot struct {
	URI     uri.URI
	Path    string // of the file; empty for texts that are not files
	Version int32
	Text    string
	// Open says that an editor owns the text, rather than the disk.
	Open bool

	enc Encoding
	ctx context.Context // of who asks; nil for one who never stops waiting
	*known
}

// known is what has been computed of a version, whoever asked.
type known struct {
	mapper sync.Once
	m      *Mapper
	memo   memo
}

// New makes a snapshot. Texts of more than 1 GiB are an error.
func New(u uri.URI, version int32, text string, enc Encoding) (*Snapshot, error) {
	if err := checkLength(text); err != nil {
		return nil, err
	}
	return &Snapshot{URI: u, Path: PathOf(u), Version: version, Text: text, enc: enc, known: new(known)}, nil
}

// For returns the snapshot for somebody who waits until a context is done. After that,
// analyses return soon, and what they return is worth nothing. Others who want the
// same are not harmed: what is given up half way is not remembered.
func (s *Snapshot) For(ctx context.Context) *Snapshot {
	mine := *s
	mine.ctx = ctx
	return &mine
}

// Stopped reports whether nobody waits for what is computed. Analyses that take longer
// ask now and then.
func (s *Snapshot) Stopped() bool { return s.ctx != nil && s.ctx.Err() != nil }

// PathOf returns the path of a file URI, and "" for all others.
func PathOf(u uri.URI) string {
	if u.Scheme() != "file" {
		return ""
	}
	return filepath.Clean(u.FsPath())
}

// Mapper returns the position mapper of the text.
func (s *Snapshot) Mapper() *Mapper {
	s.mapper.Do(func() { s.m = NewMapper(s.Text, s.enc) })
	return s.m
}

// Same reports whether two are the same version of the same text, for whomever.
func (s *Snapshot) Same(other *Snapshot) bool {
	return s == other || s != nil && other != nil && s.known == other.known
}

// stopped is closed when nobody waits any more.
func (s *Snapshot) stopped() <-chan struct{} {
	if s.ctx == nil {
		return nil
	}
	return s.ctx.Done()
}

// Change is one edit of a text. A nil Range replaces the whole.
type Change struct {
	Range *[2]Position
	Text  string
}

// Apply makes the snapshot of the next version. Each change sees the text that
// the one before it left behind. What is known of this version helps with the next.
func (s *Snapshot) Apply(version int32, changes []Change) (*Snapshot, error) {
	m := s.Mapper()
	for _, c := range changes {
		if c.Range == nil {
			m = NewMapper(c.Text, s.enc)
		} else {
			m = m.replace(m.Span(c.Range[0], c.Range[1]), c.Text)
		}
		if err := checkLength(m.text); err != nil {
			return nil, err
		}
	}
	next, err := New(s.URI, version, m.text, s.enc)
	if err != nil {
		return nil, err
	}
	next.Open = s.Open
	next.mapper.Do(func() { next.m = m })
	next.memo.inherit(&s.memo)
	return next, nil
}

// File returns the syntax tree of the text, with comments and without tokens: most
// requests need none, and every keystroke pays.
func (s *Snapshot) File() *ast.File { return s.Revision().File }

// Revision is the tree with what the parser knows of it.
func (s *Snapshot) Revision() *parser.Revision { return tree.Of(s) }

var tree = NewDerived(func(s *Snapshot, older **parser.Revision) *parser.Revision {
	if older != nil {
		return (*older).Next(s.Stopped, s.Text)
	}
	name := s.Path
	if name == "" {
		name = string(s.URI)
	}
	return parser.NewRevision(s.Stopped, name, s.Text, parser.PipeOperators|parser.KeepComments)
})
