package lsp

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
)

const (
	// requestSlots is how many requests compute at the same time. More would only
	// make each of them later.
	requestSlots = 4
	// maxPending is how many requests may wait for a slot before new ones are
	// turned away, so that a flood cannot grow without bound.
	maxPending = 2000
)

// handle receives every message, in the order of the wire.
//
// Notifications and the lifecycle run right here, before the next message is
// read: they are what changes the state. Every other request takes the view that
// is current now, and lets go of the reader. So a request always sees the edits
// that were sent before it and none that were sent after it.
func (s *Server) handle(ctx context.Context, req *jsonrpc2.Request) (result any, err error) {
	s.rest.disturb()
	if !req.IsCall() {
		s.notification(ctx, req)
		return nil, nil // an error here would end the connection
	}
	method := strings.Clone(req.Method())
	switch state := s.state.Load(); {
	case method == protocol.MethodInitialize || method == protocol.MethodShutdown:
		if method == protocol.MethodInitialize && state != stateNew {
			return nil, jsonrpc2.Errorf(jsonrpc2.InvalidRequest, "already initialized")
		}
		if method == protocol.MethodShutdown && state == stateNew {
			return nil, jsonrpc2.Errorf(jsonrpc2.ServerNotInitialized, "not initialized")
		}
		return s.call(ctx, method, req)
	case state == stateNew:
		return nil, jsonrpc2.Errorf(jsonrpc2.ServerNotInitialized, "not initialized")
	case state == stateShutdown:
		return nil, jsonrpc2.Errorf(jsonrpc2.InvalidRequest, "shut down")
	}

	ctx, done, ok := s.calls.begin(ctx, req.ID())
	if !ok {
		return nil, jsonrpc2.Errorf(jsonrpc2.Code(protocol.LSPErrorCodesServerCancelled), "too many requests are waiting")
	}
	defer done()
	slot := &slot{slots: s.slots}
	ctx = context.WithValue(withView(ctx, s.view.Load()), slotKey{}, slot)
	jsonrpc2.Async(ctx)

	if !slot.acquire(ctx) {
		return nil, protocol.ErrRequestCancelled
	}
	defer slot.release()
	return s.call(ctx, method, req)
}

// call runs one request. A panic is that request's failure and nobody else's.
func (s *Server) call(ctx context.Context, method string, req *jsonrpc2.Request) (result any, err error) {
	start := time.Now()
	defer func() {
		if r := recover(); r != nil {
			s.logf("panic in %s: %v\n%s", method, r, debug.Stack())
			result, err = nil, jsonrpc2.Errorf(jsonrpc2.InternalError, "%s: internal error: %v", method, r)
		}
		s.traceMessage(req, time.Since(start), err)
	}()
	result, err = protocol.ServerHandler(s, nil)(ctx, req)
	switch {
	case err == nil:
		if ctx.Err() != nil && method != protocol.MethodInitialize {
			return nil, protocol.ErrRequestCancelled
		}
		return result, nil
	case ctx.Err() != nil, errors.Is(err, context.Canceled):
		return nil, protocol.ErrRequestCancelled
	case errors.Is(err, jsonrpc2.ErrParse):
		return nil, jsonrpc2.Errorf(jsonrpc2.InvalidParams, "%s: %v", method, err)
	}
	var wire *jsonrpc2.Error
	if errors.As(err, &wire) {
		return nil, err
	}
	return nil, jsonrpc2.Errorf(jsonrpc2.Code(protocol.LSPErrorCodesRequestFailed), "%v", err)
}

// notification runs one notification. It has nobody to answer, so failures are
// only logged.
func (s *Server) notification(ctx context.Context, req *jsonrpc2.Request) {
	method, start := strings.Clone(req.Method()), time.Now()
	var err error
	defer func() {
		if r := recover(); r != nil {
			s.logf("panic in %s: %v\n%s", method, r, debug.Stack())
		}
		if !strings.HasPrefix(method, "$/") && method != protocol.MethodExit {
			s.traceMessage(req, time.Since(start), err)
		}
	}()
	if method == protocol.MethodCancelRequest {
		s.cancelRequest(req.Params())
		return
	}
	if s.state.Load() != stateRunning && method != protocol.MethodExit {
		return // the protocol has them dropped
	}
	if _, err = protocol.ServerHandler(s, nil)(ctx, req); err != nil && !errors.Is(err, jsonrpc2.ErrMethodNotFound) {
		s.logf("%s: %v", method, err)
	}
}

func (s *Server) cancelRequest(params []byte) {
	var p protocol.CancelParams
	if err := protocol.Unmarshal(params, &p); err != nil {
		s.logf("$/cancelRequest: %v", err)
		return
	}
	switch id := p.ID.(type) {
	case protocol.Integer:
		s.calls.cancel(jsonrpc2.NewNumberID(int64(id)))
	case protocol.String:
		s.calls.cancel(jsonrpc2.NewStringID(string(id)))
	}
}

// calls are the requests that have been received and not answered.
type calls struct {
	mu      sync.Mutex
	pending map[jsonrpc2.ID]context.CancelFunc
}

// begin registers a request; done must be called when it is answered. ok is
// false when too many are pending.
func (c *calls) begin(ctx context.Context, id jsonrpc2.ID) (_ context.Context, done func(), ok bool) {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) >= maxPending {
		cancel()
		return ctx, nil, false
	}
	if c.pending == nil {
		c.pending = map[jsonrpc2.ID]context.CancelFunc{}
	}
	c.pending[id] = cancel
	return ctx, func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
		cancel()
	}, true
}

func (c *calls) cancel(id jsonrpc2.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.pending[id]; cancel != nil {
		cancel()
	}
}

// any reports whether a request is pending.
func (c *calls) any() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) > 0
}

// slot is a request's right to compute.
type slot struct {
	slots chan struct{}
	held  bool
}

type slotKey struct{}

func (s *slot) acquire(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	default:
	}
	select {
	case s.slots <- struct{}{}:
		s.held = true
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *slot) release() {
	if s.held {
		s.held = false
		<-s.slots
	}
}

// waiting runs f, which waits for somebody else (the evaluator, the client),
// without keeping other requests from computing meanwhile.
func waiting(ctx context.Context, f func()) {
	s, ok := ctx.Value(slotKey{}).(*slot)
	if !ok || !s.held {
		f()
		return
	}
	s.release()
	f()
	s.acquire(ctx)
}

func (s *Server) logf(format string, args ...any) {
	fmt.Fprintf(s.opts.Log, format+"\n", args...)
}
