package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	// hashes says that the work has to hash all of the data: reading and hashing it
	// in one go is then measured as well.
	hashes bool
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
	dataDir := filepath.Join(dir, "data")
	add := []string{"gonix-store", "--add", dataDir}
	// A closure of all the data, a path for each of its folders.
	data := []string{"gonix-instantiate", "--eval", "--read-write-mode", "-E",
		`let data = ` + dataDir + `; in builtins.toFile "top" (toString (map (name: "${data + "/${name}"}") (builtins.attrNames (builtins.readDir data))))`}
	top := func(command string) []string {
		return []string{"sh", "-c", "for p in /nix/store/*-top; do " + command + "; done"}
	}
	copied := func(tool, compression string) []string {
		return []string{"sh", "-c", `rm -rf "$HOME/cache"; exec ` + tool + ` --extra-experimental-features nix-command copy --no-check-sigs --to "file://$HOME/cache?compression=` +
			compression + `" /nix/store/*-top`}
	}
	// The cache is written by gonix; both read it.
	cached := []string{"sh", "-c", `"$@" && cd /nix/store && echo /nix/store/*-top >"$HOME/source-path" && rm -rf "$HOME/source" &&
		gonix copy --to "file://$HOME/source?compression=none" /nix/store/*-top && gonix-store --gc`, "sh"}
	cached = append(cached, data...)
	fetched := func(command string) []string {
		return []string{"sh", "-c", "exec " + command + ` copy --no-check-sigs --from "file://$HOME/source" $(cat "$HOME/source-path")`}
	}
	const nixCommand = " --extra-experimental-features nix-command"
	return []storeWork{
		{name: "build a tree", changes: true, goal: 1,
			gonix: build("gonix-build", "false", noSync...), peer: build("nix-build", "false", "--option", "fsync-metadata", "false")},
		{name: "build a tree, sandbox", changes: true, goal: 1,
			gonix: build("gonix-build", "true", noSync...), peer: build("nix-build", "true", "--option", "fsync-metadata", "false")},
		{name: "build a tree, defaults", changes: true, goal: 1,
			gonix: build("gonix-build", "true"), peer: build("nix-build", "true")},
		{name: "add data", changes: true, hashes: true, goal: 1,
			gonix: append(slices.Clone(add), noSync...), peer: []string{"nix-store", "--add", dataDir}},
		{name: "add data again", prepare: add, hashes: true, goal: 1,
			gonix: add, peer: []string{"nix-store", "--add", dataDir}},
		{name: "copy to a cache", prepare: data, hashes: true, goal: 1,
			gonix: copied("gonix", "none"), peer: copied("nix", "none")},
		{name: "copy to a cache, zstd", prepare: data, hashes: true, goal: 1,
			gonix: copied("gonix", "zstd"), peer: copied("nix", "zstd")},
		{name: "copy from a cache", prepare: cached, changes: true, hashes: true, goal: 1,
			gonix: fetched("gonix --option fsync-store-paths false"), peer: fetched("nix" + nixCommand)},
		{name: "verify contents", prepare: data, hashes: true, goal: 1,
			gonix: []string{"gonix-store", "--verify", "--check-contents"}, peer: []string{"nix-store", "--verify", "--check-contents"}},
		{name: "collect dead paths", prepare: files(n(100000), `builtins.foldl' (n: f: n + builtins.stringLength f) 0 fs`), changes: true, goal: 0.5,
			gonix: append([]string{"gonix-store", "--gc"}, noSync...), peer: []string{"nix-store", "--gc"}},
		{name: "path-info -r", prepare: closure, goal: 0.5,
			gonix: top("gonix path-info -r $p"), peer: top("nix" + nixCommand + " path-info -r $p")},
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
	made := false
	var rows []row
	for _, w := range storeWorkloads(b.dir, scale) {
		if !chosen(w.name) {
			continue
		}
		if !made {
			if err := makeData(filepath.Join(b.dir, "data"), int64(2e9*scale)); err != nil {
				return nil, err
			}
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

// makeData writes folders of about 100 MB, which do not compress. As in what
// people build, most of the bytes are in a few files, and most of the files small.
func makeData(dir string, size int64) error {
	source := rand.NewChaCha8([32]byte{})
	random := rand.New(source)
	block := make([]byte, 1<<20) // small: the memory of processes begins with ours
	for folder := 0; size > 0; folder++ {
		for n, left := 0, min(size, 100e6); left > 0; n++ {
			// A large one, then some of middling size, then small ones.
			length := 1<<10 + random.Int64N(24<<10)
			switch {
			case n == 0:
				length = 24<<20 + random.Int64N(40<<20)
			case n <= 80:
				length = 64<<10 + random.Int64N(600<<10)
			}
			length = min(length, left)
			left -= length
			size -= length
			sub := filepath.Join(dir, strconv.Itoa(folder), strconv.Itoa(n/50))
			if err := os.MkdirAll(sub, 0o755); err != nil {
				return err
			}
			f, err := os.Create(filepath.Join(sub, strconv.Itoa(n)))
			for err == nil && length > 0 {
				part := block[:min(length, int64(len(block)))]
				source.Read(part)
				_, err = f.Write(part)
				length -= int64(len(part))
			}
			if cerr := f.Close(); err == nil {
				err = cerr
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// hashAll reads and hashes all files below dir, one after the other.
func hashAll(dir string) (time.Duration, error) {
	start := time.Now()
	h := sha256.New()
	buf := make([]byte, 256<<10)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.CopyBuffer(h, struct{ io.Reader }{f}, buf)
		return err
	})
	return time.Since(start), err
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
	var hashed []time.Duration
	for range b.runs {
		if w.hashes {
			took, err := hashAll(filepath.Join(b.dir, "data"))
			if err != nil {
				return row{}, err
			}
			hashed = append(hashed, took)
		}
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
	if w.hashes {
		slices.Sort(hashed)
		r.hashed = hashed[len(hashed)/2]
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
