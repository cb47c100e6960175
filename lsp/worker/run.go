package worker

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/builtins"
)

// Run answers requests until the input ends. It returns early when memory runs
// out, also in the middle of an evaluation: the caller is to end the process.
func Run(ctx context.Context, in io.Reader, out io.Writer, memoryMB int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests := make(chan *Request)
	var current underWay
	go func() {
		defer cancel() // the server is gone, or speaks nonsense
		dec := json.NewDecoder(in)
		for {
			req := &Request{}
			if dec.Decode(req) != nil {
				return
			}
			if req.Op == "cancel" {
				current.cancel(req.ID)
				continue
			}
			select {
			case requests <- req:
			case <-ctx.Done():
				return
			}
		}
	}()
	lanes := map[Lane]*evaluator{}
	enc := json.NewEncoder(out)
	mem := newMemory(memoryMB)
	// What comes before this is loading, too: the program itself.
	loading := func(is bool) error { return enc.Encode(&Response{Loading: &is}) }
	if err := loading(false); err != nil {
		return err
	}
	rest := time.NewTimer(longRest)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rest.C:
			mem.release()
		case req := <-requests:
			done := make(chan *Response, 1)
			e := lanes[req.Lane]
			if e == nil {
				e = &evaluator{ctx: ctx, world: newWorld(), tell: loading}
				lanes[req.Lane] = e
			}
			wanted, end := current.begin(ctx, req.ID)
			go func() { done <- e.answer(wanted, req) }()
			resp, err := mem.watch(ctx, done)
			end()
			if err != nil || resp == nil {
				return err
			}
			resp.Memory = int64(mem.used())
			if err := enc.Encode(resp); err != nil {
				return err
			}
			if err := mem.check(); err != nil {
				return err
			}
			rest.Reset(longRest)
		}
	}
}

// underWay is the request that is being answered. It may be cancelled before that
// begins.
type underWay struct {
	mu        sync.Mutex
	id        int
	stop      context.CancelFunc
	cancelled int
}

func (u *underWay) begin(ctx context.Context, id int) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithCancel(ctx)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.id, u.stop = id, stop
	if u.cancelled == id {
		stop()
	}
	return ctx, stop
}

func (u *underWay) cancel(id int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.cancelled = id; u.id == id {
		u.stop()
	}
}

// evaluator keeps what requests have in common.
type evaluator struct {
	ctx      context.Context // of the process
	wanted   context.Context // of the request: done when it is cancelled
	loading  int             // how many calls of load are under way
	tell     func(loading bool) error
	world    *world
	settings Settings
	st       *eval.State
	vars     *eval.Attrs
	roots    map[string]*root // by what they are roots of
	probe    *root            // is told of the systems that are made
	checked  time.Time
}

// recheck is how long files on disk are taken for unchanged.
const recheck = time.Second

// prepare makes sure that the evaluator knows nothing that is out of date.
func (e *evaluator) prepare(req *Request) error {
	stale := e.world.overlay(req.Overlay)
	if e.st != nil && !stale && time.Since(e.checked) > recheck {
		stale = e.world.changed()
		e.checked = time.Now()
	}
	if e.st != nil && !stale && sameSettings(e.settings, req.Settings) {
		return nil
	}
	other := !sameSettings(e.settings, req.Settings)
	e.settings = req.Settings
	maps.DeleteFunc(e.world.masked, func(_ string, why mask) bool { return other || why == maskedOwn })
	return e.restart()
}

// restart makes an evaluator that knows nothing.
func (e *evaluator) restart() error {
	e.world.forget()
	e.checked = time.Now()
	var search []eval.SearchPathEntry
	for _, entry := range e.settings.NixPath {
		search = append(search, searchEntry(entry))
	}
	e.st = eval.New(eval.Options{
		World: e.world, SearchPath: search, System: e.settings.System, Home: e.settings.Home,
		ReadOnly: true, NoImportFromDerivation: true, Context: e.context(), Parsed: probeCalls,
	}, append(builtins.All(), e.probeBuiltin(), e.loadBuiltin())...)
	e.roots = map[string]*root{}
	nixpkgs := e.settings.Nixpkgs
	if nixpkgs == "" {
		nixpkgs = "<nixpkgs>"
	}
	set, err := e.st.EvalText(Guess, "let nixpkgs = "+nixpkgs+`; in {
		pkgs = __gonixLoad (import nixpkgs { });
		lib = import (nixpkgs + "/lib");
		nixos = let system = import (nixpkgs + "/nixos") { configuration = { }; }; in {
			config = __gonixLoad system.config;
			options = __gonixLoad system.options;
		};
		inherit nixpkgs;
	}`, "/")
	if err != nil {
		return err
	}
	e.vars = e.st.NewAttrs(1).Set("__gonix", set).Build()
	return nil
}

// context is what ends the evaluation.
func (e *evaluator) context() context.Context {
	if e.loading > 0 {
		return e.ctx
	}
	return e.wanted
}

// load runs what later requests need as well, whether or not this one is cancelled
// meanwhile.
func (e *evaluator) load(f func()) {
	if e.loading++; e.loading == 1 {
		e.st.SetContext(e.context())
		e.tell(true) // when it fails, the server is gone, and Run ends
	}
	defer func() {
		if e.loading--; e.loading == 0 {
			e.st.SetContext(e.context())
			e.tell(false)
		}
	}()
	f()
}

const loadName = "gonixLoad"

// loadBuiltin forces its argument as a part of loading.
func (e *evaluator) loadBuiltin() eval.Builtin {
	return eval.Builtin{Name: loadName, PrimOp: &eval.PrimOp{Arity: 1, NoTrace: true, F1: func(st *eval.State, _ eval.Pos, v eval.Value) (out eval.Value, err *eval.Error) {
		e.load(func() { out, err = st.Force(v) })
		return out, err
	}}}
}

func sameSettings(a, b Settings) bool {
	return slices.Equal(a.NixPath, b.NixPath) && a.Nixpkgs == b.Nixpkgs && a.System == b.System && a.Home == b.Home
}

func (e *evaluator) answer(wanted context.Context, req *Request) (resp *Response) {
	resp = &Response{ID: req.ID}
	e.wanted = wanted
	if e.st != nil {
		e.st.SetContext(wanted)
	}
	if err := e.prepare(req); err != nil {
		resp.Error = e.failure(err)
		return resp
	}
	var err error
	switch req.Op {
	case "value":
		resp.Value, err = e.value(req)
	case "text":
		resp.Value, err = e.string(req)
	case "attrs":
		resp.Attrs, resp.More, err = e.attrs(req)
	case "file":
		err = e.file(req)
	case "systems":
		resp.Systems, err = e.systems(req)
	case "check":
		resp.Problems, err = e.check(req)
	case "options":
		resp.Attrs, resp.More, err = e.optionNames(req)
	case "option":
		resp.Option, err = e.option(req)
	default:
		err = errors.New("there is no operation " + req.Op)
	}
	if err != nil {
		resp.Error = e.failure(err)
	}
	return resp
}
