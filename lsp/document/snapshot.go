package document

import (
	"path/filepath"
	"sync"

	"go.lsp.dev/uri"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Snapshot is one version of one text. It is immutable and may be shared
// between goroutines.
type Snapshot struct {
	URI     uri.URI
	Path    string // of the file; empty for texts that are not files
	Version int32
	Text    string
	// Open says that an editor owns the text, rather than the disk.
	Open bool

	enc    Encoding
	mapper sync.Once
	m      *Mapper
	memo   memo
}

// New makes a snapshot. Texts of more than 1 GiB are an error.
func New(u uri.URI, version int32, text string, enc Encoding) (*Snapshot, error) {
	if err := checkLength(text); err != nil {
		return nil, err
	}
	return &Snapshot{URI: u, Path: PathOf(u), Version: version, Text: text, enc: enc}, nil
}

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

// File returns the syntax tree of the text, without tokens and comments: most
// requests need neither, and every keystroke pays.
func (s *Snapshot) File() *ast.File { return s.Revision().File }

// Revision is the tree with what the parser knows of it.
func (s *Snapshot) Revision() *parser.Revision { return tree.Of(s) }

var tree = NewDerived(func(s *Snapshot, older **parser.Revision) *parser.Revision {
	if older != nil {
		return (*older).Next(s.Text)
	}
	name := s.Path
	if name == "" {
		name = string(s.URI)
	}
	return parser.NewRevision(name, s.Text, parser.PipeOperators)
})
