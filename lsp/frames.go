package lsp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"go.lsp.dev/jsonrpc2"
)

const (
	// maxFrame is the largest message taken; a larger one ends the connection,
	// since skipping it would mean reading it.
	maxFrame = 256 << 20
	// firstRead is how much of a message there is room for at first.
	firstRead = 4 << 20
	// maxHeader bounds one header line.
	maxHeader = 8 << 10
)

// frameGuard sits between the wire and the protocol library, and lets only
// well-formed frames through. The library ends the connection at the first
// malformed one; an editor's session is worth more than that. A body that is not
// a message is answered with an error, and header lines that make no sense are
// skipped until some do.
type frameGuard struct {
	conn io.ReadWriteCloser
	in   *bufio.Reader
	out  []byte // checked bytes that have not been read yet

	// ended is closed when nothing more will come in. The library says so only
	// after all requests are answered; nobody waits for those any more.
	ended chan struct{}
	end   sync.Once

	mu sync.Mutex // one message at a time goes out
}

func newFrameGuard(conn io.ReadWriteCloser) *frameGuard {
	return &frameGuard{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), ended: make(chan struct{})}
}

func (g *frameGuard) Close() error { return g.conn.Close() }

// Write passes a whole frame on; the library writes each with one call.
func (g *frameGuard) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.conn.Write(p)
}

func (g *frameGuard) Read(p []byte) (int, error) {
	for len(g.out) == 0 {
		if err := g.next(); err != nil {
			g.end.Do(func() { close(g.ended) })
			return 0, err
		}
	}
	n := copy(p, g.out)
	g.out = g.out[n:]
	return n, nil
}

// next reads frames until one is good, and puts it into out.
func (g *frameGuard) next() error {
	length, err := g.header()
	if err != nil {
		return err
	}
	head := fmt.Sprintf("Content-Length: %d\r\n\r\n", length)
	// Memory is taken as the bytes come: a length is easily said.
	frame := bytes.NewBuffer(make([]byte, 0, len(head)+min(length, firstRead)+bytes.MinRead))
	frame.WriteString(head)
	if _, err := io.CopyN(frame, g.in, int64(length)); err != nil {
		return io.EOF // truncated: the client died while writing
	}
	body := frame.Bytes()[len(head):]
	if problem := checkBody(body); problem != nil {
		reply := fmt.Sprintf(`{"jsonrpc":"2.0","id":null,"error":{"code":%d,"message":%q}}`, problem.Code, problem.Message)
		_, err := fmt.Fprintf(writerFunc(g.Write), "Content-Length: %d\r\n\r\n%s", len(reply), reply)
		return err
	}
	g.out = frame.Bytes()
	return nil
}

// header reads up to the blank line that ends a header with a usable length.
func (g *frameGuard) header() (int, error) {
	length := -1
	for {
		line, err := g.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue // rubbish of no use; go on to its end
		}
		if err != nil {
			return 0, io.EOF
		}
		if len(line) > maxHeader {
			continue
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			if length > 0 {
				return length, nil
			}
			length = -1
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if ok && strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || n <= 0 {
				length = -1
				continue
			}
			if n > maxFrame {
				return 0, fmt.Errorf("a message of %d bytes is too large", n)
			}
			length = n
		}
	}
}

// checkBody says what is wrong with a message, if anything. Batches are no part
// of the language server protocol.
func checkBody(body []byte) *jsonrpc2.Error {
	if !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
		return jsonrpc2.Errorf(jsonrpc2.ParseError, "the message is no valid JSON")
	}
	if _, err := jsonrpc2.DecodeMessage(body); err != nil {
		return jsonrpc2.Errorf(jsonrpc2.InvalidRequest, "the message is neither request nor response")
	}
	return nil
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
