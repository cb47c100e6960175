package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed tree.nix
var treeNix string

// storeWork is something that gonix and Nix do to a store. Both get a /nix of their
// own, in a mount namespace, which prepare fills before it is measured.
type storeWork struct {
	name string
	// prepare is run by gonix in an empty /nix; nil leaves it empty. What it makes
	// is made once and copied for each run unless the work leaves it as it is.
	prepare []string
	changes bool
	// gonix and peer are whole command lines; their first words are names of tools.
	gonix, peer []string
	goal        float64
}

// storeWorkloads are the workloads of stores. scale is 1 for the sizes that are
// worth measuring; less for a look.
func storeWorkloads(dir string, scale float64) []storeWork {
	n := func(full int) string { return strconv.Itoa(max(2, int(float64(full)*scale))) }
	tree := filepath.Join(dir, "tree.nix")
	build := func(tool, sandbox string, more ...string) []string {
		return append([]string{tool, tree, "--arg", "chain", n(500), "--arg", "fan", n(2000), "--arg", "side", n(50), "-j2",
			"--no-out-link", "-Q", "--option", "sandbox", sandbox, "--option", "sandbox-paths", "/bin/sh=" + busybox(),
			"--option", "substitute", "false", "--option", "build-users-group", ""}, more...)
	}
	noSync := []string{"--option", "fsync-store-paths", "false", "--option", "fsync-metadata", "false"}
	files := func(count, refs string) []string {
		return []string{"gonix-instantiate", "--eval", "--strict", "--read-write-mode", "-E",
			`let fs = builtins.genList (i: builtins.toFile "f-${toString i}" (toString i)) ` + count + `; in ` + refs}
	}
	closure := files(n(10000), `builtins.toFile "top" (toString fs)`)
	data := []string{"gonix-store", "--add", filepath.Join(dir, "data")}
	top := func(command string) []string {
		return []string{"sh", "-c", "for p in /nix/store/*-top; do " + command + "; done"}
	}
	copied := func(tool, compression string) []string {
		return []string{"sh", "-c", `rm -rf "$HOME/cache"; exec ` + tool + ` --extra-experimental-features nix-command copy --no-check-sigs --to "file://$HOME/cache?compression=` +
			compression + `" /nix/store/*-data`}
	}
	// The cache is written by gonix; both read it.
	cached := []string{"sh", "-c", `p=$(gonix-store --add ` + data[2] + `) && rm -rf "$HOME/source" &&
		gonix copy --to "file://$HOME/source?compression=none" $p && echo $p >"$HOME/source-path" && gonix-store --delete $p`}
	fetched := func(command string) []string {
		return []string{"sh", "-c", "exec " + command + ` copy --no-check-sigs --from "file://$HOME/source" $(cat "$HOME/source-path")`}
	}
	const nixCommand = " --extra-experimental-features nix-command"
	return []storeWork{
		{"build a tree", nil, true, build("gonix-build", "false", noSync...), build("nix-build", "false", "--option", "fsync-metadata", "false"), 1},
		{"build a tree, sandbox", nil, true, build("gonix-build", "true", noSync...), build("nix-build", "true", "--option", "fsync-metadata", "false"), 1},
		{"build a tree, defaults", nil, true, build("gonix-build", "true"), build("nix-build", "true"), 0},
		{"add data", nil, true, append(append([]string{}, data...), noSync...), []string{"nix-store", "--add", data[2]}, 0},
		{"copy to a cache", data, false, copied("gonix", "none"), copied("nix", "none"), 0},
		{"copy to a cache, zstd", data, false, copied("gonix", "zstd"), copied("nix", "zstd"), 0},
		{"copy from a cache", cached, true, fetched("gonix --option fsync-store-paths false"), fetched("nix" + nixCommand), 0},
		{"verify contents", data, false, []string{"gonix-store", "--verify", "--check-contents"}, []string{"nix-store", "--verify", "--check-contents"}, 0},
		{"collect dead paths", files(n(100000), `builtins.foldl' (n: f: n + builtins.stringLength f) 0 fs`), true,
			append([]string{"gonix-store", "--gc"}, noSync...), []string{"nix-store", "--gc"}, 0.5},
		{"path-info -r", closure, false, top("gonix path-info -r $p"), top("nix" + nixCommand + " path-info -r $p"), 0.5},
	}
}

// busybox is a shell for sandboxes that needs no libraries.
func busybox() string {
	path, err := exec.LookPath("busybox")
	if err != nil {
		return "/bin/busybox"
	}
	return path
}

// inOwnNix runs its arguments with the folder $0 as /nix.
const inOwnNix = `mount --bind "$0" /nix && exec "$@"`

// compareStores measures the store workloads.
func (b *side) compareStores(ctx context.Context, out io.Writer, scale float64, chosen func(string) bool) ([]row, error) {
	if err := os.WriteFile(filepath.Join(b.dir, "tree.nix"), []byte(treeNix), 0o644); err != nil {
		return nil, err
	}
	size := int64(2e9 * scale)
	made := false
	var rows []row
	for _, w := range storeWorkloads(b.dir, scale) {
		if !chosen(w.name) {
			continue
		}
		if !made {
			took, err := makeData(filepath.Join(b.dir, "data"), size)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(out, "SHA-256 of the %d MB of data: %s\n", size/1e6, took.Round(time.Millisecond))
			made = true
		}
		r, err := b.compareStore(ctx, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// makeData writes a folder of files that do not compress, and times hashing them.
func makeData(dir string, size int64) (time.Duration, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	random := rand.NewChaCha8([32]byte{})
	block := make([]byte, 16<<20)
	var took time.Duration
	h := sha256.New()
	for i := 0; size > 0; i++ {
		part := block[:min(int64(len(block)), size)]
		random.Read(part)
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), part, 0o644); err != nil {
			return 0, err
		}
		start := time.Now()
		h.Write(part)
		took += time.Since(start)
		size -= int64(len(part))
	}
	return took, nil
}

func (b *side) compareStore(ctx context.Context, w storeWork) (row, error) {
	env := append(os.Environ(), "HOME="+b.dir, "XDG_CACHE_HOME="+b.dir+"/cache-home", "NIX_REMOTE=", "NIX_PATH=", "PATH="+b.dir+":"+os.Getenv("PATH"))
	fresh := filepath.Join(b.dir, "fresh")
	if err := b.emptyStore(fresh); err != nil {
		return row{}, err
	}
	if w.prepare != nil {
		if _, _, err := run(ctx, b.dir, env, inNix(fresh, w.prepare), 0); err != nil {
			return row{}, err
		}
	}
	measure := func(argv []string) (sample, error) {
		dir := fresh
		if w.changes {
			dir = filepath.Join(b.dir, "store")
			if err := removeAll(dir); err != nil {
				return sample{}, err
			}
			if err := exec.CommandContext(ctx, "cp", "-a", fresh, dir).Run(); err != nil {
				return sample{}, fmt.Errorf("copy store: %w", err)
			}
		}
		s, _, err := run(ctx, b.dir, env, inNix(dir, argv), 0)
		return s, err
	}
	havePeer := b.find("nix-store") != ""
	var mine, others []sample
	for range b.runs {
		s, err := measure(w.gonix)
		if err != nil {
			return row{}, err
		}
		mine = append(mine, s)
		if !havePeer {
			continue
		}
		if s, err = measure(w.peer); err != nil {
			return row{}, err
		}
		others = append(others, s)
	}
	r := row{name: w.name, peer: "nix-store", goal: w.goal, ours: summarize(mine)}
	if havePeer {
		s := summarize(others)
		r.theirs = &s
	}
	return r, removeAll(fresh)
}

func (b *side) emptyStore(dir string) error {
	if err := removeAll(dir); err != nil {
		return err
	}
	for _, d := range []string{"store", "var"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// inNix is a command that sees dir as /nix.
func inNix(dir string, argv []string) []string {
	unshare := []string{"unshare", "--mount"}
	if os.Geteuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	return append(append(unshare, "sh", "-c", inOwnNix, dir), argv...)
}

// removeAll also removes folders that are not writable, as those of a store.
func removeAll(dir string) error {
	if os.Geteuid() != 0 {
		exec.Command("chmod", "-R", "u+w", dir).Run()
	}
	return os.RemoveAll(dir)
}
