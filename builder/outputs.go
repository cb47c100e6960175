package builder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"gonix.dev/gonix/builder/sandbox"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
	"gonix.dev/gonix/store/hash"
	"gonix.dev/gonix/store/local"
	"gonix.dev/gonix/store/nar"
)

// made is an output that the builder has made, on its way into the store.
type made struct {
	*output
	actual  string // where it lies
	refs    []store.Path
	anyRefs bool // references were not looked for
	narHash hash.Hash
	narSize int64
	regular bool // a file that is not executable
	info    *store.PathInfo
	placed  bool // moved into the store
}

// registerOutputs checks what the builder left, gives it its final form and
// place, and makes it valid.
func (b *build) registerOutputs() (map[string]store.Path, error) {
	final := map[string]store.Path{}
	seen := map[local.Inode]bool{}
	var all []*made
	for _, o := range b.outputs {
		if o.valid && b.mode == Normal {
			final[o.Name] = o.known
			continue
		}
		m := &made{output: o, actual: b.actual(o.scratch)}
		if err := b.examine(m, seen); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	all, err := b.sortOutputs(all)
	if err != nil {
		return nil, err
	}

	rewrites := map[string]string{} // hash parts, from scratch to final
	for _, o := range b.outputs {
		if p, ok := final[o.Name]; ok && p != o.scratch {
			rewrites[o.scratch.HashPart()] = p.HashPart()
		}
	}
	var mismatch error
	var infos []*store.PathInfo
	for _, m := range all {
		if err := b.finish(m, rewrites, seen); err != nil {
			var f *Failure
			if !errors.As(err, &f) || f.Status != HashMismatch {
				return nil, err
			}
			mismatch = err // reported once the path is registered
		}
		final[m.Name] = m.info.Path
		if m.scratch != m.info.Path {
			rewrites[m.scratch.HashPart()] = m.info.Path.HashPart()
		}
		locks, err := b.place(m)
		if err != nil {
			return nil, err
		}
		defer locks.unlock()
		if b.mode == Check {
			if err := b.compare(m); err != nil {
				return nil, err
			}
			continue
		}
		if b.w.Optimise != nil {
			if err := b.w.Optimise(b.ctx, m.info.Path); err != nil {
				return nil, err
			}
		}
		infos = append(infos, m.info)
	}
	if b.mode == Check {
		return final, mismatch
	}
	if err := b.checkOutputs(all); err != nil {
		for _, m := range all {
			if m.placed {
				removeTree(b.real(m.info.Path))
			}
		}
		return nil, err
	}
	for _, info := range infos {
		if b.w.Sign != nil {
			if err := b.w.Sign(info); err != nil {
				return nil, err
			}
		}
	}
	if len(infos) > 0 {
		if err := b.w.Store.Register(b.ctx, infos...); err != nil {
			return nil, fmt.Errorf("register outputs of '%s': %w", b.printed(), err)
		}
	}
	if mismatch != nil {
		return nil, mismatch
	}
	if b.kind == drv.Impure {
		return final, nil
	}
	return final, b.w.addRealisations(b.ctx, b.outputs, final, nil)
}

// examine looks at what the builder made of one output: whether it is there and
// clean, its references and its hash as it is.
func (b *build) examine(m *made, seen map[local.Inode]bool) error {
	st, err := os.Lstat(m.actual)
	if err != nil {
		return failf(OutputRejected, b.path, "builder for '%s' failed to produce output path for output '%s' at '%s'", b.printed(), m.Name, m.actual)
	}
	owner := b.owner()
	link := st.Mode()&os.ModeSymlink != 0
	if !link && st.Mode().Perm()&0o022 != 0 || owner != nil && !ownedBy(st, owner) {
		return failf(OutputRejected, b.path, "suspicious ownership or permission on '%s' for output '%s'; rejecting this build output", m.actual, m.Name)
	}
	m.regular = st.Mode().IsRegular() && st.Mode().Perm()&0o100 == 0
	if err := b.canonicalise(m.actual, seen); err != nil {
		return failf(OutputRejected, b.path, "%w", err)
	}
	if b.exposed() {
		if err := b.freshCopy(m, seen); err != nil {
			return failf(OutputRejected, b.path, "copy output '%s' of '%s': %w", m.Name, b.printed(), err)
		}
	}
	if m.anyRefs, err = b.discardsReferences(m.Name); err != nil {
		return err
	}
	var scan *refScanner
	h := hash.NewAsync(hash.SHA256)
	w := io.Writer(h)
	if !m.anyRefs {
		candidates := slices.Clip(b.inputs)
		for _, o := range b.outputs {
			candidates = append(candidates, o.scratch)
		}
		scan = newRefScanner(candidates)
		w = io.MultiWriter(h, scan)
	}
	err = b.dump(w, m.actual)
	m.narHash, m.narSize = h.Sum(), h.Size()
	if err != nil {
		return failf(OutputRejected, b.path, "read output '%s' of '%s': %w", m.Name, b.printed(), err)
	}
	if scan != nil {
		m.refs = scan.found()
	}
	return nil
}

// owner is the user whose files the builder's are; nil if that is us.
func (b *build) owner() *sandbox.User {
	if b.user == nil || b.drv.IsBuiltin() {
		return nil
	}
	return &b.user.User
}

// canonicalise gives what the builder has made the metadata of store objects.
func (b *build) canonicalise(name string, seen map[local.Inode]bool) error {
	opts := local.CanonicalOptions{Seen: seen}
	if owner := b.owner(); owner != nil {
		opts.UIDMin, opts.UIDMax = int(owner.UID), int(owner.UID+max(owner.Count, 1)-1)
	}
	return local.CanonicaliseMetadata(name, opts)
}

// dump writes the archive of an output, as long as anybody wants it: hashing can
// take much longer than building did.
func (b *build) dump(w io.Writer, name string) error {
	return nar.DumpPath(local.ContextWriter(b.ctx, w), name, nil)
}

func (b *build) discardsReferences(output string) (bool, error) {
	if !b.attrs.structured() {
		return false, nil
	}
	m, _ := b.attrs.json["unsafeDiscardReferences"].(map[string]any)
	v, ok := m[output]
	if !ok {
		return false, nil
	}
	yes, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("attribute 'unsafeDiscardReferences.\"%s\"' of derivation '%s' must be a Boolean", output, b.path)
	}
	return yes, nil
}

// sortOutputs puts outputs behind those they refer to, whose final names they need.
func (b *build) sortOutputs(all []*made) ([]*made, error) {
	byScratch := map[store.Path]*made{}
	for _, m := range all {
		byScratch[m.scratch] = m
	}
	state := map[*made]int{}
	var sorted []*made
	var visit func(m, parent *made) error
	visit = func(m, parent *made) error {
		switch state[m] {
		case 1:
			return failf(OutputRejected, b.path, "cycle detected in build of '%s' in the references of output '%s' from output '%s'", b.printed(), m.Name, parent.Name)
		case 2:
			return nil
		}
		state[m] = 1
		for _, r := range m.refs {
			if o := byScratch[r]; o != nil && o != m {
				if err := visit(o, m); err != nil {
					return err
				}
			}
		}
		state[m] = 2
		sorted = append(sorted, m)
		return nil
	}
	for _, m := range all {
		if err := visit(m, nil); err != nil {
			return nil, err
		}
	}
	return sorted, nil
}

// finish gives an output its final contents and computes its info. The error is
// a Failure with status HashMismatch if only the hash is wrong.
func (b *build) finish(m *made, rewrites map[string]string, seen map[local.Inode]bool) error {
	if m.Kind == drv.InputAddressed || m.Kind == drv.Deferred {
		if m.scratch != m.known {
			rewrites[m.scratch.HashPart()] = m.known.HashPart()
		}
		if err := b.rewrite(m, rewrites, seen); err != nil {
			return err
		}
		refs, self := b.finalRefs(m, rewrites)
		if self {
			refs = append(refs, m.known)
		}
		m.info = b.newInfo(m, m.known, refs, store.ContentAddress{})
		return nil
	}

	if m.Method == store.Flat || m.Method == store.Text {
		if !m.regular {
			return failf(OutputRejected, b.path, "output path '%s' should be a non-executable regular file "+
				"since recursive hashing is not enabled (one of outputHashMode={flat,text} is true)", m.actual)
		}
	}
	if err := b.rewrite(m, rewrites, seen); err != nil {
		return err
	}
	algo := m.Algo
	if m.Kind == drv.CAFixed {
		algo = m.Hash.Algo
	}
	got, err := b.contentHash(m, algo)
	if err != nil {
		return err
	}
	refs, self := b.finalRefs(m, rewrites)
	ca := store.ContentAddress{Method: m.Method, Hash: got}
	p, err := b.dir().CAPath(store.OutputPathName(b.drv.Name, m.Name), ca, refs, self)
	if err != nil {
		return failf(OutputRejected, b.path, "%w", err)
	}
	if p != m.scratch && self {
		if err := b.rewrite(m, map[string]string{m.scratch.HashPart(): p.HashPart()}, seen); err != nil {
			return err
		}
	}
	if self {
		refs = append(refs, p)
	}
	m.info = b.newInfo(m, p, refs, ca)
	if m.Kind != drv.CAFixed {
		return nil
	}
	if len(m.info.References) > 0 {
		return failf(HashMismatch, b.path, "fixed-output derivations must not reference store paths: '%s' references %d distinct paths, e.g. '%s'",
			b.printed(), len(m.info.References), b.dir().Format(m.info.References[0]))
	}
	if got != m.Hash {
		return failf(HashMismatch, b.path, "hash mismatch in fixed-output derivation '%s':\n  specified: %s\n     got:    %s",
			b.printed(), hash.Format(m.Hash, hash.SRI), hash.Format(got, hash.SRI))
	}
	return nil
}

func (b *build) newInfo(m *made, p store.Path, refs []store.Path, ca store.ContentAddress) *store.PathInfo {
	return &store.PathInfo{
		Path: p, NarHash: m.narHash, NarSize: m.narSize, References: store.SortPaths(refs),
		Deriver: b.path, Ultimate: true, CA: ca, RegistrationTime: time.Now().Truncate(time.Second),
	}
}

// finalRefs are an output's references by their final names, without itself.
func (b *build) finalRefs(m *made, rewrites map[string]string) (refs []store.Path, self bool) {
	for _, r := range m.refs {
		if r == m.scratch {
			self = true
			continue
		}
		if to, ok := rewrites[r.HashPart()]; ok {
			r = store.MustParsePath(to + "-" + r.Name())
		}
		refs = append(refs, r)
	}
	return store.SortPaths(refs), self
}

// rewrite replaces hash parts in an output, if any of them can be there, and
// hashes it again.
func (b *build) rewrite(m *made, rewrites map[string]string, seen map[local.Inode]bool) error {
	needed := m.anyRefs && len(rewrites) > 0
	for _, r := range m.refs {
		_, ok := rewrites[r.HashPart()]
		needed = needed || ok
	}
	if !needed {
		return nil
	}
	h := hash.New(hash.SHA256)
	err := b.remake(m, seen, func(w io.Writer) error {
		r := newRewriter(io.MultiWriter(h, w), rewrites)
		if err := b.dump(r, m.actual); err != nil {
			return err
		}
		return r.Flush()
	})
	if err != nil {
		return fmt.Errorf("rewrite hashes in '%s': %w", m.actual, err)
	}
	m.narHash, m.narSize = h.Sum(), h.Size()
	return nil
}

// remake replaces an output by the tree whose archive dump writes.
func (b *build) remake(m *made, seen map[local.Inode]bool, dump func(io.Writer) error) error {
	tmp := m.actual + ".tmp"
	if err := removeTree(tmp); err != nil {
		return err
	}
	pr, pw := io.Pipe()
	go func() { pw.CloseWithError(dump(pw)) }()
	err := nar.Restore(tmp, nar.NewReader(pr), nar.RestoreOptions{})
	if err == nil {
		_, err = io.Copy(io.Discard, pr)
	}
	pr.CloseWithError(err)
	if err != nil {
		return err
	}
	if err := removeTree(m.actual); err != nil {
		return err
	}
	if err := moveTree(tmp, m.actual); err != nil {
		return err
	}
	return local.CanonicaliseMetadata(m.actual, local.CanonicalOptions{Seen: seen})
}

// exposed says whether the builder could pass open files to processes that are
// not killed with it, through sockets of the host's network namespace or without
// any wall between them.
func (b *build) exposed() bool {
	return !b.drv.IsBuiltin() && (!b.isPure() || b.user != nil && !b.sandboxed)
}

// freshCopy makes an output anew, so that nobody has its files open for writing.
func (b *build) freshCopy(m *made, seen map[local.Inode]bool) error {
	return b.remake(m, seen, func(w io.Writer) error { return b.dump(w, m.actual) })
}

// contentHash is the hash that a content address has, with the output's own path
// left out of account.
func (b *build) contentHash(m *made, algo hash.Algo) (hash.Hash, error) {
	self := slices.Contains(m.refs, m.scratch)
	switch m.Method {
	case store.Flat, store.Text:
		f, err := os.Open(m.actual)
		if err != nil {
			return hash.Hash{}, err
		}
		defer f.Close()
		return hashModulo(algo, m.scratch.HashPart(), func(w io.Writer) error {
			_, err := io.Copy(local.ContextWriter(b.ctx, w), f)
			return err
		})
	case store.Recursive:
		if !self && algo == hash.SHA256 {
			return m.narHash, nil
		}
		return hashModulo(algo, m.scratch.HashPart(), func(w io.Writer) error { return b.dump(w, m.actual) })
	}
	return store.HashTree(m.Method, algo, func(w io.Writer) error { return b.dump(w, m.actual) })
}

// place moves an output to where it belongs. The locks are on its final path if
// that was not known, and so not locked, before.
func (b *build) place(m *made) (*pathLocks, error) {
	dest := b.real(m.info.Path)
	var locks *pathLocks
	if m.known != m.info.Path {
		for {
			l, ok, err := tryLockPaths([]string{dest})
			if err != nil {
				return nil, err
			}
			if ok {
				l.delete, locks = true, l
				break
			}
			select {
			case <-b.ctx.Done():
				return nil, b.ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	if b.mode == Check {
		return locks, nil
	}
	m.placed = true
	if dest == m.actual {
		return locks, nil
	}
	if b.mode == Repair {
		return locks, replaceTree(dest, m.actual)
	}
	if !m.info.CA.IsZero() {
		if ok, err := b.w.Store.IsValid(b.ctx, m.info.Path); err != nil || ok {
			m.placed = false
			return locks, err // something else has made the same contents
		}
	}
	if err := removeTree(dest); err != nil {
		return locks, err
	}
	if err := moveTree(m.actual, dest); err != nil {
		return locks, fmt.Errorf("move output '%s' into the store: %w", m.Name, err)
	}
	return locks, nil
}

// replaceTree puts a new tree in the place of one that may be in use. There is
// no way to do that in one step, but what was there comes back if it fails.
func replaceTree(dest, from string) error {
	old := fmt.Sprintf("%s.old-%d", dest, os.Getpid())
	had := exists(dest)
	if had {
		if err := moveTree(dest, old); err != nil {
			return err
		}
	}
	if err := moveTree(from, dest); err != nil {
		if had {
			moveTree(old, dest)
		}
		return err
	}
	return removeTree(old)
}

// compare says whether an output that was built again is what it was.
func (b *build) compare(m *made) error {
	info, err := b.w.Store.QueryPathInfo(b.ctx, m.info.Path)
	var invalid *store.InvalidPathError
	if errors.As(err, &invalid) {
		return nil
	}
	if err != nil || info.NarHash == m.info.NarHash {
		return err
	}
	dest := b.real(m.info.Path)
	if diff := diffTrees(dest, m.actual, 20); len(diff) > 0 {
		b.w.Observe.message(LevelNotice, fmt.Sprintf("what differs in output '%s':\n  %s", b.dir().Format(m.info.Path), strings.Join(diff, "\n  ")))
	}
	s := &b.w.Settings
	if !s.RunDiffHook && !s.KeepFailed {
		return failf(NotDeterministic, b.path, "derivation '%s' may not be deterministic: output '%s' differs", b.printed(), dest)
	}
	is := dest + ".check"
	if err := removeTree(is); err != nil {
		return err
	}
	if err := moveTree(m.actual, is); err != nil {
		return err
	}
	b.diffHook(b.dir().Format(m.info.Path), is)
	b.keepTmp()
	return failf(NotDeterministic, b.path, "derivation '%s' may not be deterministic: output '%s' differs from '%s'", b.printed(), dest, is)
}
