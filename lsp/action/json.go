package action

import (
	"encoding/json"
	"io"
	"strings"

	"gonix.dev/gonix/lsp/analysis"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/quote"
)

// maxJSON bounds the text that is tried as JSON.
const maxJSON = 1 << 20

// jsonToNix turns selected JSON into Nix. Numbers keep their digits, keys their
// order.
func jsonToNix(r *Request) []Action {
	if r.Span.End-r.Span.Start < 2 || r.Span.End-r.Span.Start > maxJSON {
		return nil
	}
	src := strings.TrimSpace(r.File.Src[r.Span.Start:r.Span.End])
	if src == "" || src[0] != '{' && src[0] != '[' || !json.Valid([]byte(src)) {
		return nil
	}
	if len(parser.Parse("", src, 0).Errors) == 0 && !strings.ContainsAny(src, `\$`) {
		return nil // it is Nix
	}
	start := r.Span.Start + ast.Pos(strings.Index(r.File.Src[r.Span.Start:], src))
	d := json.NewDecoder(strings.NewReader(src))
	d.UseNumber()
	text, ok := nixOfJSON(d, r.indentAt(start), 0)
	if !ok || text == src {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	return []Action{{Title: "Convert JSON to Nix", Kind: Rewrite, Edits: []analysis.Edit{
		{Span: ast.Span{Start: start, End: start + ast.Pos(len(src))}, New: text},
	}}}
}

func nixOfJSON(d *json.Decoder, indent string, depth int) (string, bool) {
	t, err := d.Token()
	if err != nil || depth > 100 {
		return "", false
	}
	inner := indent + "  "
	switch t := t.(type) {
	case json.Delim:
		var items []string
		for d.More() {
			item := ""
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return "", false
				}
				item = quote.Identifier(key.(string)) + " = "
			}
			value, ok := nixOfJSON(d, inner, depth+1)
			if !ok {
				return "", false
			}
			if t == '{' {
				value += ";"
			} else if strings.HasPrefix(value, "-") {
				value = "(" + value + ")"
			}
			items = append(items, item+value)
		}
		end, err := d.Token()
		if err != nil {
			return "", false
		}
		open, closing := string(rune(t)), string(rune(end.(json.Delim)))
		if len(items) == 0 {
			return open + " " + closing, true
		}
		return open + "\n" + inner + strings.Join(items, "\n"+inner) + "\n" + indent + closing, true
	case string:
		return quote.String(t), true
	case json.Number:
		return nixNumber(t.String())
	case bool:
		if t {
			return "true", true
		}
		return "false", true
	}
	return "null", true
}

// nixNumber writes a number of JSON. Nix's floats have a point before the
// exponent, and its integers 64 bits.
func nixNumber(s string) (string, bool) {
	mantissa, exponent, hasExp := strings.Cut(strings.ToLower(s), "e")
	if hasExp {
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		return mantissa + "e" + strings.TrimPrefix(exponent, "+"), true
	}
	if !strings.Contains(s, ".") {
		var i int64
		if json.Unmarshal([]byte(s), &i) != nil {
			return "", false
		}
	}
	return s, true
}
