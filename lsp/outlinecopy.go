package lsp

import (
	"bytes"
	"sort"
	"strconv"
)

// outlineCopy copies a part of an outline into the next, where it stands some lines
// further down.
type outlineCopy struct {
	shifts []shift // in order
}

// shift says by how much the JSON from an offset on has moved.
type shift struct{ from, by int }

// lineKey stands before all numbers of lines, and nowhere else: inside of a string its
// quotes are escaped.
var lineKey = []byte(`"line":`)

// append appends what is in older from an offset on to the new JSON, adding lines to
// all numbers of lines.
func (c *outlineCopy) append(json, older []byte, from, lines int) []byte {
	by := len(json) - from
	c.shifts = append(c.shifts, shift{from, by})
	for lines != 0 {
		i := bytes.Index(older[from:], lineKey)
		if i < 0 {
			break
		}
		digits := from + i + len(lineKey)
		json = append(json, older[from:digits]...)
		line := 0
		for from = digits; from < len(older) && '0' <= older[from] && older[from] <= '9'; from++ {
			line = 10*line + int(older[from]-'0')
		}
		json = strconv.AppendInt(json, int64(line+lines), 10)
		if n := len(json) - from; n != by { // there is one digit more, or less
			by = n
			c.shifts = append(c.shifts, shift{from, by})
		}
	}
	return append(json, older[from:]...)
}

// place returns where in the new JSON an offset of the older has come to be.
func (c *outlineCopy) place(older int) int {
	i := sort.Search(len(c.shifts), func(i int) bool { return c.shifts[i].from > older })
	return older + c.shifts[i-1].by
}
