package cache

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestSweepTemps: temporary files go once nobody holds them.
func TestSweepTemps(t *testing.T) {
	d := directory{t.TempDir(), new(sync.Once)}
	live, err := d.temp()
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	dead, err := d.temp()
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	deadDir, err := d.tempDir()
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(deadDir.Name(), "x"), nil, 0o444)
	deadDir.Close()
	another := directory{d.root, new(sync.Once)}
	f, err := another.temp()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]bool{live.Name(): true, f.Name(): true, dead.Name(): false, deadDir.Name(): false} {
		if _, err := os.Lstat(name); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
