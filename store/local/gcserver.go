//go:build unix

package local

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"gonix.dev/gonix/store"
)

// gcRoots are the temporary roots that a running collector knows, by hash part:
// that protects what is made beside a path, its lock file for one.
type gcRoots struct {
	mu       sync.Mutex
	changed  *sync.Cond
	parts    map[string]bool
	pending  map[string]bool // being deleted
	onRoot   func(part string)
	shutdown bool
}

func newGCRoots() *gcRoots {
	r := &gcRoots{parts: map[string]bool{}, pending: map[string]bool{}}
	r.changed = sync.NewCond(&r.mu)
	return r
}

// add protects a path. It waits if the path is just being deleted, so that who
// makes it again does not meet its remains.
func (r *gcRoots) add(p store.Path) {
	part := p.HashPart()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.parts[part] {
		r.parts[part] = true
		if r.onRoot != nil {
			r.onRoot(part)
		}
	}
	for r.pending[part] && !r.shutdown {
		r.changed.Wait()
	}
}

// release ends the deletion of paths.
func (r *gcRoots) release(parts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range parts {
		delete(r.pending, p)
	}
	r.changed.Broadcast()
}

// gcServer takes temporary roots from other processes while a collector runs.
type gcServer struct {
	dir   store.Dir
	roots *gcRoots
	ln    net.Listener
	mu    sync.Mutex
	conns map[net.Conn]bool // nil after close
	wg    sync.WaitGroup
}

func (s *Store) startGCServer(roots *gcRoots) (*gcServer, error) {
	name := s.gcSocketPath()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	os.Remove(name)
	short, done, err := shortSocketName(name)
	if err != nil {
		return nil, err
	}
	defer done()
	ln, err := net.Listen("unix", short)
	if err != nil {
		return nil, fmt.Errorf("listen for temporary roots: %w", err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := os.Chmod(name, 0o666); err != nil {
		ln.Close()
		return nil, err
	}
	g := &gcServer{dir: s.set.Dir, roots: roots, ln: ln, conns: map[net.Conn]bool{}}
	g.wg.Go(g.accept)
	return g, nil
}

func (g *gcServer) accept() {
	for {
		conn, err := g.ln.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		if g.conns == nil {
			g.mu.Unlock()
			conn.Close()
			return
		}
		g.conns[conn] = true
		g.mu.Unlock()
		g.wg.Go(func() { g.serve(conn) })
	}
}

func (g *gcServer) serve(conn net.Conn) {
	defer func() {
		conn.Close()
		g.mu.Lock()
		delete(g.conns, conn)
		g.mu.Unlock()
	}()
	r := bufio.NewReaderSize(conn, 4096)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return // also if a line is too long to be a path
		}
		if p, err := g.dir.Parse(strings.TrimSuffix(string(line), "\n")); err == nil {
			g.roots.add(p)
		}
		if _, err := conn.Write([]byte{'1'}); err != nil {
			return
		}
	}
}

func (g *gcServer) close() {
	g.ln.Close()
	g.mu.Lock()
	for c := range g.conns {
		c.Close()
	}
	g.conns = nil
	g.mu.Unlock()
	g.roots.mu.Lock()
	g.roots.shutdown = true
	g.roots.changed.Broadcast()
	g.roots.mu.Unlock()
	g.wg.Wait()
}

// shortSocketName is another name for a socket whose own may be longer than the
// 107 bytes that the system takes. Call done when it is connected or bound.
func shortSocketName(name string) (short string, done func(), err error) {
	if len(name) < 100 {
		return name, func() {}, nil
	}
	d, err := os.Open(filepath.Dir(name))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), filepath.Base(name)), func() { d.Close() }, nil
}
