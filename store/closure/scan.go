package closure

import (
	"bytes"
	"context"
	"io"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/nar"
)

// Mention is a place in a store object where another one is named.
type Mention struct {
	File    string // slash-separated, relative to the object; "" is the object itself
	Symlink bool   // it is the target of a symlink
	Line    int    // 1-based, of a text file; 0 in a binary file or symlink
	Offset  int64  // bytes from the start of the file or target
	Before  string // what stands around the hash part, without it
	Hash    string
	After   string
}

// around is how many bytes of context a Mention has on each side.
const around = 32

// Mentions finds the first place in each file of p where each of refs is named.
// They are in the order of the archive.
func Mentions(ctx context.Context, src store.Source, p store.Path, refs []store.Path) (map[store.Path][]Mention, error) {
	byHash := make(map[string]store.Path, len(refs))
	for _, r := range refs {
		byHash[r.HashPart()] = r
	}
	pr, pw := io.Pipe()
	defer pr.Close()
	go func() { pw.CloseWithError(src.NarFromPath(ctx, p, pw)) }()
	found := map[store.Path][]Mention{}
	r := nar.NewReader(pr)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		add := func(hash string, m Mention) {
			m.File, m.Hash = h.Path, hash
			found[byHash[hash]] = append(found[byHash[hash]], m)
		}
		switch h.Type {
		case nar.Symlink:
			for hash := range byHash {
				if i := strings.Index(h.Target, hash); i >= 0 {
					add(hash, Mention{Symlink: true, Offset: int64(i), Before: h.Target[:i], After: h.Target[i+len(hash):]})
				}
			}
		case nar.Regular:
			if err := scanFile(r, byHash, add); err != nil {
				return nil, err
			}
		}
	}
}

// window is how much of a file is looked at at a time, in bytes.
const window = 1 << 20

// scanFile calls add for the first mention of each hash part in a file.
func scanFile(r io.Reader, byHash map[string]store.Path, add func(string, Mention)) error {
	left := make(map[string]bool, len(byHash))
	for h := range byHash {
		left[h] = true
	}
	var buf []byte
	var start int64 // of buf in the file
	line, binary := 1, false
	chunk := make([]byte, window)
	for eof := false; !eof; {
		n, err := io.ReadFull(r, chunk)
		eof = err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !eof {
			return err
		}
		buf = append(buf, chunk[:n]...)
		binary = binary || bytes.IndexByte(chunk[:n], 0) >= 0
		// A hash near the end waits for what follows it.
		limit := len(buf)
		if !eof {
			limit -= store.HashLen + around
		}
		for h := range left {
			i := bytes.Index(buf, []byte(h))
			if i < 0 || i >= limit {
				continue
			}
			m := Mention{
				Offset: start + int64(i),
				Before: string(buf[max(0, i-around):i]),
				After:  string(buf[i+len(h) : min(len(buf), i+len(h)+around)]),
			}
			if !binary {
				m.Line = line + bytes.Count(buf[:i], []byte("\n"))
			}
			add(h, m)
			delete(left, h)
		}
		if keep := store.HashLen + 2*around; len(buf) > keep {
			drop := len(buf) - keep
			line += bytes.Count(buf[:drop], []byte("\n"))
			start += int64(drop)
			buf = append(buf[:0], buf[drop:]...)
		}
	}
	return nil
}
