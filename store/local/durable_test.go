//go:build unix

package local

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/nar"
)

// TestOrder: bytes are durable before their path is valid, and a path is durably
// invalid before its bytes go.
func TestOrder(t *testing.T) {
	ctx := t.Context()
	root := t.TempDir()
	t.Cleanup(func() { RemoveTree(root) })
	s, err := Open(ctx, Settings{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(ctx, Settings{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	text, err := s.textInfo("text", "contents", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := text.Path
	var seen []string
	look := func(what string) error {
		valid, err := other.IsValid(ctx, p)
		if err != nil {
			return err
		}
		_, gone := os.Lstat(s.RealPath(p))
		seen = append(seen, fmt.Sprintf("%s valid=%v there=%v", what, valid, gone == nil))
		return nil
	}
	broken := errors.New("the disk is broken")
	s.syncing = func(string) error { return broken }
	addText := func() error { _, err := s.AddText(ctx, "text", "contents", nil); return err }
	for name, add := range map[string]func() error{
		"AddText": addText,
		"Batch": func() error {
			b := s.NewBatch()
			_, err := b.AddText(ctx, "text", "contents", nil)
			return errors.Join(err, b.Flush(ctx))
		},
		"AddToStore": func() error {
			var b bytes.Buffer
			if err := nar.DumpString(&b, "contents"); err != nil {
				return err
			}
			return s.AddToStore(ctx, text, &b, store.AddOptions{})
		},
	} {
		if err := add(); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if valid, _ := other.IsValid(ctx, p); valid {
			t.Errorf("%s: valid, and not durable", name)
		}
	}
	s.syncing = look
	if err := addText(); err != nil {
		t.Fatal(err)
	}
	if valid, _ := other.IsValid(ctx, p); !valid {
		t.Error("not valid")
	}
	// Our own temporary root ends with the store.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other.syncing = look
	if _, err := other.Collect(ctx, GCOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(other.RealPath(p)); err == nil {
		t.Error("not collected")
	}
	if want := []string{"store valid=false there=true", "database valid=false there=true"}; !slices.Equal(seen, want) {
		t.Errorf("saw %q", seen)
	}
}
