package cmd

import (
	"context"
	"fmt"
	"strings"

	"gonix.dev/gonix/store/local"
)

// showElement prints a package as `nix profile list` does.
func (u *userEnv) showElement(name string, el *profileElement) {
	out := u.env.Stdout
	note := ""
	if !el.Active {
		note = " " + u.env.paint(out, styleError, "(inactive)")
	}
	fmt.Fprintf(out, "Name:               %s%s\n", u.env.paint(out, styleBold, name), note)
	if el.URL != "" {
		fmt.Fprintf(out, "Flake attribute:    %s%s\n", el.AttrPath, el.outputs())
		fmt.Fprintf(out, "Original flake URL: %s\n", el.OriginalURL)
		fmt.Fprintf(out, "Locked flake URL:   %s\n", el.URL)
	}
	fmt.Fprintf(out, "Store paths:        %s\n", strings.Join(el.StorePaths, " "))
}

// showHistory prints what each generation changed.
func (u *userEnv) showHistory() error {
	gens, current, err := u.generations()
	if err != nil {
		return err
	}
	out := u.env.Stdout
	before := profileManifest{}
	for i, g := range gens {
		m, err := u.manifestOf(g.Path)
		if err != nil {
			return err
		}
		style, from := styleBold, ""
		if g.Number == current {
			style = "\x1b[32;1m"
		}
		if i > 0 {
			from = fmt.Sprintf(" <- %d", gens[i-1].Number)
			fmt.Fprintln(out)
		}
		fmt.Fprintf(out, "Version %s (%s)%s:\n", u.env.paint(out, style, fmt.Sprint(g.Number)), day(g.Created), from)
		u.showDifference(before, m)
		before = m
	}
	return nil
}

// showDifference prints which packages came, went and changed their versions.
func (u *userEnv) showDifference(before, after profileManifest) {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	changes := false
	say := func(el *profileElement, from, to string) {
		fmt.Fprintf(u.env.Stdout, "  %s: %s -> %s\n", el.identifier(), from, to)
		changes = true
	}
	for _, name := range sortedNames(names) {
		switch old, el := before[name], after[name]; {
		case old == nil:
			say(el, "∅", el.versions())
		case el == nil:
			say(old, old.versions(), "∅")
		case old.versions() != el.versions():
			say(el, old.versions(), el.versions())
		}
	}
	if !changes {
		fmt.Fprintln(u.env.Stdout, "  No changes.")
	}
}

// showClosures prints how the closures of generations differ, one by one.
func (u *userEnv) showClosures(ctx context.Context) error {
	gens, _, err := u.generations()
	if err != nil {
		return err
	}
	for i := 1; i < len(gens); i++ {
		if i > 1 {
			fmt.Fprintln(u.env.Stdout)
		}
		fmt.Fprintf(u.env.Stdout, "Version %d -> %d:\n", gens[i-1].Number, gens[i].Number)
		if err := u.showClosureChange(ctx, gens[i-1], gens[i]); err != nil {
			return err
		}
	}
	return nil
}

func (u *userEnv) showClosureChange(ctx context.Context, before, after local.Generation) error {
	from, err := followToStore(u.env, u.eval.storeDir(), before.Path)
	if err != nil {
		return err
	}
	to, err := followToStore(u.env, u.eval.storeDir(), after.Path)
	if err != nil {
		return err
	}
	changes, err := diffClosures(ctx, u.eval.store, from, to)
	if err != nil {
		return err
	}
	printChanges(u.env, changes, "  ")
	return nil
}
