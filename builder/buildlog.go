package builder

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dsnet/compress/bzip2"

	"gonix.dev/gonix/store"
)

// logFile keeps a build's log where Nix puts it:
// <log dir>/drvs/<first two digits>/<rest>[.bz2].
type logFile struct {
	f    *os.File
	bz   *bzip2.Writer
	held []byte // what a short log has so far, to start no compressor for little
	pack bool
}

const logHold = 32 << 10

// emptyBzip2 is the compressed form of nothing.
const emptyBzip2 = "BZh9\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00"

var compressors = sync.Pool{}

// LogPath is where the log of a derivation lies, without ".bz2".
func LogPath(logDir string, p store.Path) string {
	base := p.String()
	return filepath.Join(logDir, "drvs", base[:2], base[2:])
}

func openLog(logDir string, p store.Path, compress bool) (*logFile, error) {
	name := LogPath(logDir, p)
	if compress {
		name += ".bz2"
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if os.IsNotExist(err) {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return nil, fmt.Errorf("creating log directory: %w", err)
		}
		f, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("creating log file '%s': %w", name, err)
	}
	return &logFile{f: f, pack: compress}, nil
}

func (l *logFile) Write(b []byte) (int, error) {
	if l == nil {
		return len(b), nil
	}
	if !l.pack {
		return l.f.Write(b)
	}
	if len(l.held)+len(b) <= logHold {
		l.held = append(l.held, b...)
		return len(b), nil
	}
	if err := l.start(); err != nil {
		return 0, err
	}
	return l.bz.Write(b)
}

// start gets a compressor and gives it what was held.
func (l *logFile) start() (err error) {
	if l.bz == nil {
		if w, ok := compressors.Get().(*bzip2.Writer); ok {
			l.bz = w
			err = w.Reset(l.f)
		} else {
			l.bz, err = bzip2.NewWriter(l.f, &bzip2.WriterConfig{Level: 9})
		}
		if err != nil {
			return err
		}
	}
	_, err = l.bz.Write(l.held)
	l.held = l.held[:0]
	return err
}

func (l *logFile) close() error {
	if l == nil {
		return nil
	}
	var err error
	switch {
	case !l.pack:
	case l.bz == nil && len(l.held) == 0:
		_, err = io.WriteString(l.f, emptyBzip2)
	default:
		if err = l.start(); err == nil {
			err = l.bz.Close()
		}
		compressors.Put(l.bz)
	}
	if e := l.f.Close(); err == nil {
		err = e
	}
	return err
}

// lineSplitter makes lines of a build's output, as a terminal would show them:
// a carriage return goes back to the start of the line.
type lineSplitter struct {
	line []byte
	pos  int
	emit func(string)
}

// maxLine bounds a line that is kept; what is longer is cut.
const maxLine = 1 << 20

func (s *lineSplitter) Write(b []byte) (int, error) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n':
			s.flush()
		case c == '\r':
			s.pos = 0
		case s.pos < len(s.line):
			s.line[s.pos] = c
			s.pos++
		case len(s.line) < maxLine:
			s.line = append(s.line, c)
			s.pos++
		}
	}
	return len(b), nil
}

func (s *lineSplitter) flush() {
	line := string(s.line)
	s.line, s.pos = s.line[:0], 0
	s.emit(line)
}

// buildLogger turns the lines of one build into events.
type buildLogger struct {
	act     activity
	observe Observer
	tail    []string
	keep    int
	nested  map[string]activity // activities that the builder announced, by its ids
}

func (l *buildLogger) line(s string) {
	if strings.HasPrefix(s, "@nix ") && l.message(s[len("@nix "):]) {
		return
	}
	if len(l.tail) == l.keep {
		l.tail = append(l.tail[:0], l.tail[1:]...)
	}
	l.tail = append(l.tail, s)
	l.act.report(ResBuildLogLine, s)
}

// message handles a structured message of a builder, which is not trusted: it may
// set its phase, show text, and report its downloads. It says whether it could.
func (l *buildLogger) message(text string) bool {
	var m map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var any any
	if err := dec.Decode(&any); err != nil {
		l.observe.fail(fmt.Errorf("bad JSON log message from the derivation builder: %w", err))
		return false
	}
	bad := func(why string) bool {
		l.observe.message(LevelWarn, "Unable to handle a JSON message from the derivation builder: "+why)
		return false
	}
	m, ok := any.(map[string]interface{})
	if !ok {
		return bad("it is no object")
	}
	action, ok := m["action"].(string)
	if !ok {
		return bad("'action' is no string")
	}
	number := func(v interface{}) (int64, bool) {
		n, ok := v.(json.Number)
		if !ok {
			return 0, false
		}
		i, err := n.Int64()
		return i, err == nil
	}
	id := fmt.Sprint(m["id"])
	switch action {
	case "setPhase":
		phase, ok := m["phase"].(string)
		if !ok {
			return bad("'phase' is no string")
		}
		l.act.report(ResSetPhase, phase)
	case "msg":
		msg, ok := m["msg"].(string)
		level, ok2 := number(m["level"])
		if !ok || !ok2 {
			return bad("'msg' or 'level' is missing")
		}
		l.observe.message(Level(max(0, min(level, int64(LevelVomit)))), msg)
	case "start":
		typ, ok := number(m["type"])
		text, ok2 := m["text"].(string)
		level, ok3 := number(m["level"])
		if !ok || !ok2 || !ok3 {
			return bad("'type', 'text' or 'level' is missing")
		}
		if typ == ActFileTransfer {
			if l.nested == nil {
				l.nested = map[string]activity{}
			}
			l.nested[id] = l.observe.start(Level(level), ActFileTransfer, l.act.id, text, fieldsOf(m["fields"])...)
		}
	case "stop":
		if a, ok := l.nested[id]; ok {
			a.stop()
			delete(l.nested, id)
		}
	case "result":
		typ, ok := number(m["type"])
		if !ok {
			return bad("'type' is missing")
		}
		if a, ok := l.nested[id]; ok {
			a.report(int(typ), fieldsOf(m["fields"])...)
		}
	}
	return true
}

func fieldsOf(v any) []any {
	items, _ := v.([]any)
	var out []any
	for _, i := range items {
		switch i := i.(type) {
		case string:
			out = append(out, i)
		case json.Number:
			n, _ := i.Int64()
			out = append(out, n)
		}
	}
	return out
}
