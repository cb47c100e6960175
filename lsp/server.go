package lsp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"gonix.dev/gonix/lsp/config"
	"gonix.dev/gonix/lsp/document"
	"gonix.dev/gonix/lsp/worker"
)

// Options is the world a server runs in. The zero value serves everything that
// needs no world.
type Options struct {
	// Version of the server, shown by editors.
	Version string
	// NixPath are the search path entries of the environment, such as
	// "nixpkgs=/path"; the client's configuration goes before them.
	NixPath []string
	// Home is the directory that ~ means in paths.
	Home string
	// System is the kind of machine that packages are for, such as x86_64-linux.
	System string
	// Worker is the command of the evaluating process; without it nothing is
	// evaluated.
	Worker []string
	// Log receives one line for each thing worth knowing; nil discards.
	Log io.Writer
}

// ErrAborted is returned by [Serve] when the client went away, or asked to exit,
// without a shutdown.
var ErrAborted = errors.New("the client left without a shutdown request")

// Server is the state of one connection.
type Server struct {
	protocol.UnimplementedServer

	opts   Options
	client protocol.Client
	caps   capabilities
	state  atomic.Int32
	exited chan struct{}
	exit   sync.Once

	// base is done when the connection ends; background work lives by it.
	base context.Context

	// view is the current state of the world, replaced whole by update.
	view atomic.Pointer[view]

	// typed is when a text was changed last, in nanoseconds since 1970.
	typed atomic.Int64

	// asked counts how often the client was asked for settings; answered lets its
	// answers in one at a time.
	asked    atomic.Int64
	answered sync.Mutex

	calls     calls
	slots     chan struct{}
	trace     atomic.Pointer[protocol.TraceValue]
	disk      diskFiles
	publisher publisher
	checks    checks
	tokens    tokenResults
	progress  progressTokens
	worker    worker.Pool
	loading   loading
	systems   systemCache
	targets   linkTargets
	settled   settledTexts
	options   optionFindings
	rest      rest
}

// lastAnswers is how long requests may go on when nothing more comes in.
const lastAnswers = 500 * time.Millisecond

// The states of the lifecycle, in the order in which they are passed.
const (
	stateNew int32 = iota
	stateRunning
	stateShutdown
)

// Serve talks to one client until it exits or goes away. It returns nil after an
// orderly shutdown, and [ErrAborted] or the error of the connection otherwise.
func Serve(ctx context.Context, conn io.ReadWriteCloser, opts Options) error {
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newServer(ctx, opts)
	s.view.Store(&view{docs: map[string]*document.Snapshot{}, config: config.Default()})
	s.publisher.init(s)
	defer s.worker.Close()
	s.rest.busy = s.calls.any
	defer s.rest.stop()

	guard := newFrameGuard(conn)
	rpc := jsonrpc2.NewConn(jsonrpc2.NewHeaderStream(guard), jsonrpc2.WithCodec(codec{}))
	s.client = protocol.ClientDispatcher(rpc)
	rpc.Go(ctx, s.handle)

	select {
	case <-rpc.Done():
	case <-guard.ended:
		// Who has only said all may still listen; who is gone must not be waited for.
		select {
		case <-rpc.Done():
		case <-s.exited:
		case <-time.After(lastAnswers):
		}
	case <-s.exited:
	case <-ctx.Done():
	}
	orderly := s.state.Load() == stateShutdown
	cancel()
	s.publisher.stop()
	// A read that blocks in the system cannot be interrupted everywhere, so the
	// connection is not waited for.
	conn.Close()
	if orderly {
		return nil
	}
	if err := rpc.Err(); err != nil {
		return err
	}
	return ErrAborted
}

// newServer makes a server that nobody is connected to yet.
func newServer(ctx context.Context, opts Options) *Server {
	s := &Server{opts: opts, exited: make(chan struct{}), base: ctx, slots: make(chan struct{}, requestSlots)}
	s.worker.Command, s.worker.Log = opts.Worker, opts.Log
	s.loading.s, s.worker.Loading = s, s.loading.set
	return s
}

// codec encodes payloads with the protocol's own encoders, which know its union
// types.
type codec struct{}

func (codec) Marshal(v any) ([]byte, error) {
	if e, ok := v.(interface{ encoded() []byte }); ok {
		return e.encoded(), nil
	}
	if raw, ok := v.(jsonrpc2.RawMessage); ok && raw != nil {
		return raw, nil
	}
	return protocol.Marshal(v)
}

func (codec) Unmarshal(data []byte, v any) error {
	if raw, ok := v.(*jsonrpc2.RawMessage); ok {
		*raw = append((*raw)[:0], data...)
		return nil
	}
	// Lists of unions are decoded without a copy by the library, from a buffer that
	// the next message overwrites.
	return protocol.Unmarshal(bytes.Clone(data), v)
}
