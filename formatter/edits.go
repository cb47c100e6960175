package formatter

import (
	"context"

	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
)

// Edit replaces the text between two offsets of the source.
type Edit struct {
	Start, End ast.Pos
	New        string
}

// Edits returns the edits, in order and without overlaps, that format the code
// in a range of a file: the smallest expressions or bindings that enclose it. A
// range with the whole text formats the file. Edits are small: they leave alone
// every token that stays as it is, so that cursors and marks in it do too.
//
// The file must have been parsed with parser.KeepTokens. The error is a
// [*SyntaxError], or that of ctx when it is done before the work is.
func Edits(ctx context.Context, file *ast.File, opts Options, within ast.Span) ([]Edit, error) {
	var f Formatter
	out, err := f.Format(ctx, file, opts)
	if err != nil {
		return nil, err
	}
	formatted := parser.Parse(file.Name, string(out), parser.KeepTokens|parser.PipeOperators)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	d := differ{old: file.Src, new: formatted.Src, a: file.Tokens, b: formatted.Tokens}
	edits := d.run()
	whole := ast.Span{End: ast.Pos(len(file.Src))}
	if within.Start <= 0 && within.End >= whole.End {
		return edits, nil
	}
	span := enclosing(file.Root, within)
	// Its indentation is formatted with it.
	for span.Start > 0 && (file.Src[span.Start-1] == ' ' || file.Src[span.Start-1] == '\t') {
		span.Start--
	}
	kept := edits[:0]
	for _, e := range edits {
		if e.Start >= span.Start && e.End <= span.End {
			kept = append(kept, e)
		}
	}
	return kept, nil
}

// enclosing returns the span of the smallest sequence of sibling nodes below n
// that encloses a range.
func enclosing(n ast.Node, within ast.Span) ast.Span {
	for {
		span := ast.Span{Start: -1}
		var only ast.Node
		covered := true
		for c := range ast.Children(n) {
			if c.Stop() <= within.Start || c.Pos() >= within.End {
				if c.Pos() > within.Start || c.Stop() < within.End || c.Pos() == c.Stop() {
					continue
				}
			}
			if span.Start < 0 {
				span, only = c.Range(), c
			} else {
				span.End, only = c.Stop(), nil
			}
		}
		if span.Start < 0 || span.Start > within.Start || span.End < within.End {
			covered = false
		}
		switch {
		case !covered:
			return n.Range()
		case only == nil:
			return span
		}
		n = only
	}
}

// differ compares two token sequences that are alike for the most part.
type differ struct {
	old, new string
	a, b     []ast.Token
	edits    []Edit
}

// window is how many tokens are skipped at most to find the next common ones.
const window = 64

func (d *differ) run() []Edit {
	var oldAt, newAt ast.Pos // ends of what is compared already
	i, j := 0, 0
	for i < len(d.a) && j < len(d.b) {
		if !d.same(i, j) {
			di, dj, ok := d.resume(i, j)
			if !ok {
				break
			}
			i, j = i+di, j+dj
		}
		d.compare(oldAt, d.a[i].Start, newAt, d.b[j].Start)
		oldAt, newAt = d.a[i].End, d.b[j].End
		i, j = i+1, j+1
	}
	d.compare(oldAt, ast.Pos(len(d.old)), newAt, ast.Pos(len(d.new)))
	return d.edits
}

// same reports whether the tokens at two indexes are equal.
func (d *differ) same(i, j int) bool {
	if i >= len(d.a) || j >= len(d.b) {
		return i >= len(d.a) && j >= len(d.b)
	}
	a, b := &d.a[i], &d.b[j]
	return a.Kind == b.Kind && d.old[a.Start:a.End] == d.new[b.Start:b.End]
}

// resume returns how many tokens to skip on both sides so that the next two are
// equal.
func (d *differ) resume(i, j int) (di, dj int, ok bool) {
	for n := 1; n <= window; n++ {
		for di = range n + 1 {
			dj = n - di
			if i+di < len(d.a) && j+dj < len(d.b) && d.same(i+di, j+dj) && d.same(i+di+1, j+dj+1) {
				return di, dj, true
			}
		}
	}
	return 0, 0, false
}

// compare adds the edits for two texts that correspond to each other. Lines that
// they have in common at the same place are left alone.
func (d *differ) compare(oldStart, oldEnd, newStart, newEnd ast.Pos) {
	for oldStart < oldEnd && newStart < newEnd && d.old[oldStart] == d.new[newStart] {
		oldStart, newStart = oldStart+1, newStart+1
	}
	for oldStart < oldEnd && newStart < newEnd && d.old[oldEnd-1] == d.new[newEnd-1] {
		oldEnd, newEnd = oldEnd-1, newEnd-1
	}
	// Do not cut characters.
	for oldStart > 0 && int(oldStart) < len(d.old) && d.old[oldStart]&0xc0 == 0x80 {
		oldStart, newStart = oldStart-1, newStart-1
	}
	for int(oldEnd) < len(d.old) && d.old[oldEnd]&0xc0 == 0x80 {
		oldEnd, newEnd = oldEnd+1, newEnd+1
	}
	if oldStart == oldEnd && newStart == newEnd {
		return
	}
	d.edits = append(d.edits, Edit{oldStart, oldEnd, d.new[newStart:newEnd]})
}

// Apply returns the text that edits make of a source; they must be in order.
func Apply(src string, edits []Edit) string {
	if len(edits) == 0 {
		return src
	}
	size := len(src)
	for _, e := range edits {
		size += len(e.New)
	}
	out := make([]byte, 0, size)
	at := ast.Pos(0)
	for _, e := range edits {
		out = append(out, src[at:e.Start]...)
		out = append(out, e.New...)
		at = e.End
	}
	return string(append(out, src[at:]...))
}
