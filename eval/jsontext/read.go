package jsontext

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Handler is told what a document contains, in the order of the text. In an
// object, every value is preceded by its key; a key may occur more than once, and
// then the last value counts. An error stops the reader and is returned by it.
type Handler interface {
	Null() error
	Bool(b bool) error
	Int(i int64) error
	Float(f float64) error
	String(s string) error
	BeginArray() error
	EndArray() error
	BeginObject() error
	Key(name string) error
	EndObject() error
}

// SyntaxError is a malformed document. Its text is nlohmann's.
type SyntaxError struct{ Msg string }

func (e *SyntaxError) Error() string { return e.Msg }

// RangeError is an integer between 2^63 and 2^64-1. (Larger ones are floats.)
type RangeError struct{ Value uint64 }

func (e *RangeError) Error() string {
	return fmt.Sprintf("unsigned json number %d outside of Nix integer range", e.Value)
}

// NullByteError is a string or key with a NUL in it.
type NullByteError struct{ String string }

func (e *NullByteError) Error() string {
	return "input string '" + strings.ReplaceAll(e.String, "\x00", "␀") +
		"' cannot be represented as Nix string because it contains null bytes"
}

// Read reads one document. Besides the handler's errors it returns *SyntaxError,
// *RangeError and *NullByteError. Nesting has no limit and takes one bit a level.
func Read(text string, h Handler) error {
	r := &reader{lexer: lexer{src: text}, h: h}
	return r.document()
}

type reader struct {
	lexer
	h     Handler
	inObj []bool // for each open array or object, whether it is an object
}

func (r *reader) document() error {
	if err := r.skipBOM(); err != nil {
		return r.syntax("value", 0)
	}
	r.next()
	for {
		// r.tok begins a value.
		closed := true
		var err error
		switch r.tok {
		case '{':
			if err = r.h.BeginObject(); err != nil {
				return err
			}
			if r.next(); r.tok == '}' {
				err = r.h.EndObject()
				break
			}
			r.inObj = append(r.inObj, true)
			if err := r.key(); err != nil {
				return err
			}
			closed = false
		case '[':
			if err = r.h.BeginArray(); err != nil {
				return err
			}
			if r.next(); r.tok == ']' {
				err = r.h.EndArray()
				break
			}
			r.inObj = append(r.inObj, false)
			closed = false
		case tokNull:
			err = r.h.Null()
		case tokTrue:
			err = r.h.Bool(true)
		case tokFalse:
			err = r.h.Bool(false)
		case tokString:
			if strings.IndexByte(r.str, 0) >= 0 {
				return &NullByteError{r.str}
			}
			err = r.h.String(r.str)
		case tokNumber:
			err = r.number()
		case tokError:
			return r.syntax("value", 0)
		default:
			return r.syntax("value", tokLiteralOrValue)
		}
		if err != nil {
			return err
		}
		if !closed {
			continue
		}
		more, err := r.afterValue()
		if err != nil || !more {
			return err
		}
	}
}

// afterValue reads up to the next value, or to the end of the document.
func (r *reader) afterValue() (more bool, err error) {
	for {
		r.next()
		if len(r.inObj) == 0 {
			if r.tok != tokEOF {
				return false, r.syntax("value", tokEOF)
			}
			return false, nil
		}
		if r.inObj[len(r.inObj)-1] {
			if r.tok == ',' {
				r.next()
				return true, r.key()
			}
			if r.tok != '}' {
				return false, r.syntax("object", '}')
			}
			err = r.h.EndObject()
		} else {
			if r.tok == ',' {
				r.next()
				return true, nil
			}
			if r.tok != ']' {
				return false, r.syntax("array", ']')
			}
			err = r.h.EndArray()
		}
		if err != nil {
			return false, err
		}
		r.inObj = r.inObj[:len(r.inObj)-1]
	}
}

// key reads a key, whose token is current, and moves to the value.
func (r *reader) key() error {
	if r.tok != tokString {
		return r.syntax("object key", tokString)
	}
	if strings.IndexByte(r.str, 0) >= 0 {
		return &NullByteError{r.str}
	}
	if err := r.h.Key(r.str); err != nil {
		return err
	}
	if r.next(); r.tok != ':' {
		return r.syntax("object separator", ':')
	}
	r.next()
	return nil
}

func (r *reader) number() error {
	text := r.src[r.start:r.pos]
	if !r.float {
		if text[0] == '-' {
			if i, err := strconv.ParseInt(text, 10, 64); err == nil {
				return r.h.Int(i)
			}
		} else if u, err := strconv.ParseUint(text, 10, 64); err == nil {
			if u > math.MaxInt64 {
				return &RangeError{u}
			}
			return r.h.Int(int64(u))
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if errors.Is(err, strconv.ErrRange) && math.IsInf(f, 0) {
		return &SyntaxError{"[json.exception.out_of_range.406] number overflow parsing '" + text + "'"}
	}
	return r.h.Float(f)
}

// syntax is the error that the current token is not what it should be.
func (r *reader) syntax(context string, expected token) error {
	var b strings.Builder
	line, col := r.position()
	fmt.Fprintf(&b, "[json.exception.parse_error.101] parse error at line %d, column %d: ", line, col)
	fmt.Fprintf(&b, "syntax error while parsing %s - ", context)
	if r.tok == tokError {
		b.WriteString(r.err + "; last read: '")
		for _, c := range []byte(r.src[r.last:r.errEnd]) {
			if c < 0x20 {
				fmt.Fprintf(&b, "<U+%04X>", c)
			} else {
				b.WriteByte(c)
			}
		}
		b.WriteByte('\'')
	} else {
		b.WriteString("unexpected " + r.tok.String())
	}
	if expected != 0 {
		b.WriteString("; expected " + expected.String())
	}
	return &SyntaxError{b.String()}
}
