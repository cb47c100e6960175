package cache

import (
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
)

// TestManyCompressors checks that a compressor which is one of many does not take what
// one that is alone may.
func TestManyCompressors(t *testing.T) {
	data := make([]byte, 8<<20)
	rand.NewChaCha8([32]byte{}).Read(data)
	const many, each = 20, 3 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var writers []io.WriteCloser
	for range many {
		w, err := compress(io.Discard, "zstd", -1, oneOfMany)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		writers = append(writers, w)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := after.HeapAlloc - before.HeapAlloc; held > many*each {
		t.Errorf("%d compressors hold %d bytes, more than %d each", many, held, each)
	}
	for _, w := range writers {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}
