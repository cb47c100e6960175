package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"gonix.dev/gonix/builder"
	"gonix.dev/gonix/store"
)

// buildUI shows what a worker does.
type buildUI interface {
	observe(builder.Event)
	stop()
}

// newBuildUI chooses by --log-format and by whether standard error is a terminal.
func newBuildUI(env *Env, talk talkFlags, dir store.Dir) buildUI {
	plain := &lineUI{env: env, talk: talk, dir: dir, names: map[uint64]string{}}
	switch talk.format {
	case "internal-json":
		return &jsonUI{w: env.Stderr, level: talk.verbosity}
	case "raw", "raw-with-logs":
		plain.raw = true
		return plain
	}
	if talk.format == "" && talk.legacy || !terminal(env.Stderr) || env.Getenv("TERM") == "dumb" {
		plain.raw = talk.legacy
		return plain
	}
	return newTreeUI(env, plain)
}

// lineUI prints lines.
type lineUI struct {
	env  *Env
	talk talkFlags
	dir  store.Dir
	raw  bool // no names before lines of logs

	mu    sync.Mutex
	names map[uint64]string // of builds that run
}

func (u *lineUI) stop() {}

func (u *lineUI) observe(e builder.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if text := u.text(e); text != "" {
		io.WriteString(u.env.Stderr, u.env.readable(u.env.Stderr, text))
	}
}

// text is what is printed for an event, with line ends.
func (u *lineUI) text(e builder.Event) string {
	switch e.Action {
	case builder.Message:
		if e.Level > u.talk.verbosity {
			return ""
		}
		switch {
		case e.Err != nil:
			return u.env.paint(u.env.Stderr, styleError, "error:") + " " + indented(e.Err).Error() + "\n"
		case e.Level == builder.LevelWarn && len(e.Fields) == 0:
			return u.env.paint(u.env.Stderr, styleWarning, "warning:") + " " + e.Text + "\n"
		}
		return e.Text + "\n"
	case builder.Start:
		if e.Type == builder.ActBuild && len(e.Fields) > 0 {
			u.names[e.ID] = buildName(fmt.Sprint(e.Fields[0]))
		}
		if e.Text != "" && e.Level <= u.talk.verbosity {
			return e.Text + "...\n"
		}
	case builder.Stop:
		delete(u.names, e.ID)
	case builder.Report:
		if !u.talk.showsLogs() || len(e.Fields) == 0 {
			return ""
		}
		switch e.Type {
		case builder.ResBuildLogLine:
			if u.raw {
				return fmt.Sprint(e.Fields[0]) + "\n"
			}
			return u.names[e.ID] + "> " + fmt.Sprint(e.Fields[0]) + "\n"
		case builder.ResPostBuildLogLine:
			return "post-build-hook: " + fmt.Sprint(e.Fields[0]) + "\n"
		}
	}
	return ""
}

// buildName is the name of a derivation without hash and ".drv".
func buildName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	if len(base) > store.HashLen {
		base = base[store.HashLen+1:]
	}
	return strings.TrimSuffix(base, store.DrvExtension)
}

// jsonUI prints Nix's internal-json: lines of "@nix {...}".
type jsonUI struct {
	w     io.Writer
	level builder.Level
	mu    sync.Mutex
}

func (u *jsonUI) stop() {}

func (u *jsonUI) observe(e builder.Event) {
	doc := map[string]any{}
	switch e.Action {
	case builder.Message:
		if e.Level > u.level {
			return
		}
		switch {
		case e.Err != nil:
			doc = jsonError(indented(e.Err))
		case e.Level == builder.LevelWarn && len(e.Fields) == 0:
			doc = jsonMessage(e.Level, jsonWarning+e.Text)
		default:
			doc = jsonMessage(e.Level, e.Text)
		}
	case builder.Start:
		doc["action"], doc["id"], doc["level"], doc["type"], doc["text"], doc["parent"] = "start", e.ID, e.Level, e.Type, e.Text, e.Parent
	case builder.Stop:
		doc["action"], doc["id"] = "stop", e.ID
	case builder.Report:
		doc["action"], doc["id"], doc["type"] = "result", e.ID, e.Type
	}
	if len(e.Fields) > 0 && e.Action != builder.Message {
		doc["fields"] = e.Fields
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	writeJSONLine(u.w, doc)
}

// What Nix's messages begin with, in its colours even though this is for programs:
// some look for just these.
const (
	jsonErr     = styleError + "error:" + styleReset
	jsonWarning = styleWarning + "warning:" + styleReset + " "
)

func jsonMessage(level builder.Level, text string) map[string]any {
	return map[string]any{"action": "msg", "level": level, "msg": text}
}

func jsonError(err error) map[string]any {
	doc := jsonMessage(builder.LevelError, jsonErr+spaced(err.Error()))
	if shown, ok := errors.AsType[*shownError](err); ok {
		err = shown.err
	}
	doc["raw_msg"] = err.Error()
	doc["line"], doc["column"], doc["file"] = nil, nil, nil
	return doc
}

// writeJSONLine writes an event in one call, so that lines stay whole.
func writeJSONLine(w io.Writer, doc map[string]any) {
	var b bytes.Buffer
	b.WriteString("@nix ")
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(doc) == nil {
		w.Write(b.Bytes())
	}
}
