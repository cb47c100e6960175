//go:build unix

package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Generation is one of the versions of a profile: the link `<profile>-<n>-link`.
type Generation struct {
	Number  int
	Path    string
	Created time.Time
}

// Generations are the generations of a profile, oldest first, and the number of
// the current one, 0 if there is none.
func Generations(profile string) (gens []Generation, current int, err error) {
	entries, err := os.ReadDir(filepath.Dir(profile))
	if err != nil {
		return nil, 0, err
	}
	base := filepath.Base(profile)
	for _, e := range entries {
		n, ok := generationNumber(base, e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		gens = append(gens, Generation{n, filepath.Join(filepath.Dir(profile), e.Name()), info.ModTime()})
	}
	slices.SortFunc(gens, func(a, b Generation) int { return a.Number - b.Number })
	target, err := os.Readlink(profile)
	if err == nil {
		current, _ = generationNumber(base, filepath.Base(target))
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, 0, err
	}
	return gens, current, nil
}

func generationNumber(profile, name string) (int, bool) {
	rest, ok := strings.CutPrefix(name, profile+"-")
	if !ok {
		return 0, false
	}
	if rest, ok = strings.CutSuffix(rest, "-link"); !ok {
		return 0, false
	}
	n, err := strconv.Atoi(rest)
	return n, err == nil && n > 0
}

// DeleteOldGenerations deletes all generations of a profile but the current one.
// With a cutoff it keeps those that were current at that time or later. It calls
// deleted for each; with dryRun nothing else happens.
func DeleteOldGenerations(ctx context.Context, profile string, cutoff time.Time, dryRun bool, deleted func(Generation)) error {
	return WithProfileLock(ctx, profile, func() error {
		return deleteOldGenerations(profile, cutoff, dryRun, deleted)
	})
}

// WithProfileLock runs f while nobody else changes the profile.
func WithProfileLock(ctx context.Context, profile string, f func() error) error {
	for {
		lock, err := openLockFile(profile + ".lock")
		if err != nil {
			return err
		}
		if err := lockFile(ctx, lock, lockExclusive, nil); err != nil {
			lock.Close()
			return err
		}
		if st, err := lock.Stat(); err != nil || st.Size() != 0 {
			// Removed by who held it before.
			lock.Close()
			if err != nil {
				return err
			}
			continue
		}
		sweepProfile(profile)
		err = f()
		removeLockFile(lock)
		lock.Close()
		return err
	}
}

// sweepProfile removes links that somebody was killed over; we hold the lock.
func sweepProfile(profile string) {
	names, _ := readNames(filepath.Dir(profile))
	for _, n := range names {
		if strings.HasPrefix(n, filepath.Base(profile)) && abandoned(n) {
			os.Remove(filepath.Join(filepath.Dir(profile), n))
		}
	}
}

func deleteOldGenerations(profile string, cutoff time.Time, dryRun bool, deleted func(Generation)) error {
	gens, current, err := Generations(profile)
	if err != nil {
		return err
	}
	newerWasOld := cutoff.IsZero()
	for _, g := range slices.Backward(gens) {
		old := newerWasOld
		if !cutoff.IsZero() && g.Created.Before(cutoff) {
			// This one was current then; those before it were not.
			newerWasOld = true
		}
		if !old || g.Number == current {
			continue
		}
		deleted(g)
		if dryRun {
			continue
		}
		if err := os.Remove(g.Path); err != nil {
			return fmt.Errorf("delete generation: %w", err)
		}
	}
	return nil
}
