package formatter

import (
	"context"
	"fmt"
	"unicode/utf8"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// The defaults of [Options].
const (
	DefaultWidth  = 100
	DefaultIndent = 2
)

// Options change the format. The zero value is the standard one.
type Options struct {
	// Width is the number of columns that lines should not exceed, without their
	// indentation; 0 means DefaultWidth, and less than 0 none.
	Width int
	// Indent is the number of columns of a level of indentation; 0 means
	// DefaultIndent, and less than 0 none.
	Indent int
	// Strict makes the format independent of where the source breaks its lines.
	Strict bool
}

func (o *Options) width() int32 {
	if o.Width == 0 {
		return DefaultWidth
	}
	return int32(max(o.Width, 0))
}

func (o *Options) indent() int32 {
	if o.Indent == 0 {
		return DefaultIndent
	}
	return int32(max(o.Indent, 0))
}

// SyntaxError is returned for files with syntax errors, which cannot be
// formatted.
type SyntaxError struct {
	File *ast.File
	Err  *ast.Error // the first one
}

func (e *SyntaxError) Error() string {
	pos := e.File.Position(e.Err.Start)
	return fmt.Sprintf("%s:%d:%d: %s", e.File.Name, pos.Line, pos.Column, e.Err.Msg)
}

// check returns the first error of a file that leaves doubt about its tree. Nix
// refuses other files too, but their trees are sound.
func check(file *ast.File) error {
	for _, err := range file.Errors {
		if !Tolerates(err) {
			return &SyntaxError{file, err}
		}
	}
	return nil
}

// Tolerates reports whether files with an error can be formatted.
func Tolerates(err *ast.Error) bool {
	return err.Code == parser.CodeDuplicateFormal || err.Code == parser.CodeNumber
}

// Formatter formats files, one after the other, and keeps its memory between
// them. The zero value is ready for use; a Formatter must not be used by several
// goroutines at once.
type Formatter struct {
	printer printer
	layout  layout
	arena   parser.Arena // for texts that are formatted again
}

// Format returns the text of a file in the standard format. The file must have
// been parsed with parser.KeepTokens. The error is a [*SyntaxError] or that of
// ctx. The result is valid until the next call.
func (f *Formatter) Format(ctx context.Context, file *ast.File, opts Options) ([]byte, error) {
	if err := check(file); err != nil {
		return nil, err
	}
	const most = 4 // times that comments are followed to their place
	out, settled, err := f.once(ctx, file, opts)
	for i := 1; err == nil && !settled && i < most && string(out) != file.Src; i++ {
		file = f.arena.Parse(file.Name, string(out), parser.KeepTokens|parser.PipeOperators)
		if check(file) != nil {
			break
		}
		out, settled, err = f.once(ctx, file, opts)
	}
	return out, err
}

// once formats a file. Comments that moved may move once more when the result,
// which then is not settled, is formatted again.
func (f *Formatter) once(ctx context.Context, file *ast.File, opts Options) (out []byte, settled bool, err error) {
	p, l := &f.printer, &f.layout
	l.doc = &p.doc
	l.width, l.indent = opts.width(), opts.indent()
	p.file(file, opts.Strict, l.width)
	l.ctx = ctx
	l.run()
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	settled = !p.unsettled && !l.misplaced()
	return l.finish(p.regions.from >= 0), settled, nil
}

// Format returns the text of a file in the standard format. The file must have
// been parsed with parser.KeepTokens. A file with syntax errors is a
// [*SyntaxError].
func Format(file *ast.File, opts Options) (string, error) {
	var f Formatter
	out, err := f.Format(context.Background(), file, opts)
	return string(out), err
}

// finish drops white space around the text, which then ends with one newline.
// When the end of the file is not formatted it stays.
func (l *layout) finish(verbatimEnd bool) []byte {
	out := l.out
	for len(out) > 0 {
		r, n := utf8.DecodeRune(out)
		if !isSpace(r) {
			break
		}
		out = out[n:]
	}
	if !verbatimEnd {
		for len(out) > 0 {
			r, n := utf8.DecodeLastRune(out)
			if !isSpace(r) {
				break
			}
			out = out[:len(out)-n]
		}
		out = append(out, '\n')
	}
	return out
}
