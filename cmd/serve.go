package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/cache"
	"gonix.dev/gonix/store/local"
)

// shutdownTime is how long downloads may go on when the server is told to stop.
const shutdownTime = 30 * time.Second

func newServeCmd(env *Env) *cobra.Command {
	var listen, compression string
	var keyFiles []string
	var priority int
	var verbose bool
	var flags *settingsFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the store as a binary cache over HTTP",
		Long: `Serve every path of the store as a binary cache. Archives are made while they
are sent; interrupted downloads of plain ones go on where they stopped. Paths
are signed with the keys of --key-file and of the setting secret-key-files.

On Ctrl-C downloads that are under way may end, for at most 30 seconds.`,
		Example: `  gonix serve
  gonix serve --listen :5000 --key-file /etc/nix/key.secret --compression zstd
  nix copy --from http://localhost:5000 /nix/store/...-hello-2.10`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := flags.load(env)
			if err != nil {
				return err
			}
			switch compression {
			case "none", "zstd", "gzip", "br", "xz", "bzip2":
			default:
				return usageErrorf("compression '%s' is not one of none, zstd, gzip, br, xz, bzip2", compression)
			}
			st := newStores(env, s, local.Warn)
			defer st.Close()
			src, err := st.openDefault(c.Context())
			if err != nil {
				return err
			}
			h := &cache.Handler{Source: src, Compression: compression, Priority: priority, BuildLog: buildLogs(src)}
			h.Error = func(r *http.Request, err error) { warnf(env, "%s %s: %v", r.Method, r.URL.Path, err) }
			for _, f := range append(keyFiles, s.Strings("secret-key-files")...) {
				k, err := secretKey(env, f)
				if err != nil {
					return err
				}
				h.Keys = append(h.Keys, k)
			}
			var handler http.Handler = &restingHandler{Handler: h}
			if verbose {
				handler = logRequests(env, handler)
			}
			l, err := net.Listen("tcp", listen)
			if err != nil {
				return err
			}
			fmt.Fprintf(env.Stderr, "serving '%s' on http://%s\n", src.URI(), l.Addr())
			return serveHTTP(c.Context(), l, handler)
		},
	}
	c.Flags().StringVarP(&listen, "listen", "l", "localhost:5000", "listen on `ADDRESS:PORT`")
	c.Flags().StringArrayVarP(&keyFiles, "key-file", "k", nil, "sign with the secret key in `FILE`")
	c.Flags().StringVar(&compression, "compression", "none", "compress archives with `METHOD`")
	c.Flags().IntVar(&priority, "priority", 30, "the cache's `NUMBER` among others; lower is asked earlier")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "print requests")
	flags = addSettingsFlags(c)
	return c
}

// serveHTTP serves until ctx ends, and then lets requests finish for a while.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	// No write timeout: an archive takes as long as the client needs.
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer cancel()
		err := srv.Shutdown(soon)
		if err != nil {
			srv.Close()
		}
		stopped <- err
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// restingHandler gives memory back to the system when nobody has asked for anything in
// a while: what a hundred downloads at a time need is much for a process that waits.
type restingHandler struct {
	http.Handler
	mu     sync.Mutex
	active int
	timer  *time.Timer
}

// restAfter is how long nobody asks before memory is given back.
const restAfter = 10 * time.Second

func (h *restingHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.begin()
	defer h.end()
	h.Handler.ServeHTTP(w, r)
}

func (h *restingHandler) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.active++
	if h.timer != nil {
		h.timer.Stop()
	}
}

func (h *restingHandler) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.active--; h.active > 0 {
		return
	}
	if h.timer == nil {
		h.timer = time.AfterFunc(restAfter, debug.FreeOSMemory)
	} else {
		h.timer.Reset(restAfter)
	}
}

// buildLogs reads build logs of a local store.
func buildLogs(src store.Source) func(context.Context, store.Path) ([]byte, error) {
	s, ok := src.(*local.Store)
	if !ok {
		return nil
	}
	return func(ctx context.Context, drv store.Path) ([]byte, error) {
		r, err := s.OpenLog(ctx, drv)
		if errors.Is(err, os.ErrNotExist) {
			return nil, &store.InvalidPathError{Path: drv.String()}
		}
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	}
}

// logRequests prints each request and its answer.
func logRequests(env *Env, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			fmt.Fprintf(env.Stderr, "%s %s %s %d, %s\n", r.RemoteAddr, r.Method, r.URL.Path, s.status, byteSize(s.n))
		}()
		h.ServeHTTP(s, r)
	})
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
	n      int64
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p)
	s.n += int64(n)
	return n, err
}
