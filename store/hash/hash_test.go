package hash

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// The hashes of "abc" as nix-hash prints them; BLAKE3's is that of its test vectors.
var abc = []struct {
	algo          Algo
	base16, nix32 string
}{
	{MD5, "900150983cd24fb0d6963f7d28e17f72", "3jgzhjhz9zjvbb0kyj7jc500ch"},
	{SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d", "kpcd173cq987hw957sx6m0868wv3x6d9"},
	{SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"},
	{SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
		"2gs8k559z4rlahfx0y688s49m2vvszylcikrfinm30ly9rak69236nkam5ydvly1ai7xac99vxfc4ii84hawjbk876blyk1jfhkbbyx"},
	{BLAKE3, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85", ""},
}

func TestKnown(t *testing.T) {
	for _, tt := range abc {
		h := SumString(tt.algo, "abc")
		if got := Format(h, Base16); got != tt.base16 {
			t.Errorf("%s: base16 %s", tt.algo, got)
		}
		if got := Format(h, Nix32); got != tt.nix32 && tt.nix32 != "" {
			t.Errorf("%s: nix32 %s", tt.algo, got)
		}
		w := New(tt.algo)
		io.WriteString(w, "a")
		w.Sum() // must not disturb
		io.WriteString(w, "bc")
		if w.Sum() != h || w.Size() != 3 {
			t.Errorf("%s: written in pieces: %v, %d bytes", tt.algo, w.Sum(), w.Size())
		}
		for _, e := range []Encoding{Base16, Nix32, Base64, SRI} {
			for _, s := range []string{Format(h, e), WithPrefix(h, e)} {
				got, enc, err := ParseWithEncoding(s, tt.algo)
				if err != nil || got != h || enc != e {
					t.Errorf("parse %q: %v, %v, %v", s, got, enc, err)
				}
			}
		}
	}
}

// The messages are Nix's.
func TestParseErrors(t *testing.T) {
	tests := []struct {
		in   string
		algo Algo
		want string
	}{
		{"abc", 0, "hash 'abc' does not include a type, nor is the type otherwise known from context"},
		{"abc", MD5, "hash 'abc' has wrong length for hash algorithm 'md5'"},
		{"md5:abc", SHA1, "hash 'md5:abc' should have type 'sha1'"},
		{"foo:abc", 0, "unknown hash algorithm 'foo', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'"},
		{"md5-abc", 0, "invalid SRI hash 'abc', length 2 != expected length 16"},
		{"md5:90015098_cd24fb0d6963f7d28e17f72", 0, "invalid character in Base16 string: '_'"},
		{"md5:3jgzhjhz9zjvbb0kyj7jc500ce", 0, "invalid character in Nix32 (Nix's Base32 variation) string: 'e'"},
		{"md5:zzzzzzzzzzzzzzzzzzzzzzzzzz", 0, "invalid nix32 hash 'zzzzzzzzzzzzzzzzzzzzzzzzzz', length 17 != expected length 16"},
		{"sha256-****", 0, "invalid character in Base64 string: '*'"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.in, tt.algo)
		var e *Error
		if !errors.As(err, &e) || e.Msg != tt.want {
			t.Errorf("Parse(%q) = %v, want %s", tt.in, err, tt.want)
		}
	}
	if _, err := ParsePrefixed("abc"); err == nil || err.Error() != "hash 'abc' does not include a type" {
		t.Errorf("ParsePrefixed: %v", err)
	}
	if _, err := ParseSRI("abc"); err == nil || err.Error() != "hash 'abc' is not SRI" {
		t.Errorf("ParseSRI: %v", err)
	}
}

func TestCompress(t *testing.T) {
	h := SumString(SHA256, "abc").Compress(20)
	want := make([]byte, 20)
	for i, b := range SumString(SHA256, "abc").Bytes() {
		want[i%20] ^= b
	}
	if !bytes.Equal(h.Bytes(), want) {
		t.Errorf("Compress = %x", h.Bytes())
	}
}

func TestCompare(t *testing.T) {
	a, b := SumString(MD5, "abc"), SumString(SHA1, "abc")
	if Compare(a, b) >= 0 || Compare(b, a) <= 0 || Compare(a, a) != 0 {
		t.Error("shorter hashes come first")
	}
}

func TestModulo(t *testing.T) {
	const self = "0123456789abcdfghijklmnpqrsvwxyz"
	stream := "x" + self + "yy" + self + self[:31] + "!" + self[:16] + self
	zeros := strings.Repeat("\x00", 32)
	want := SumString(SHA256, strings.ReplaceAll(stream, self, zeros)+"|1|35|115")
	for _, size := range []int{1, 7, 31, 32, 33, 1000} {
		m := NewModulo(SHA256, self)
		for rest := []byte(stream); len(rest) > 0; {
			n := min(size, len(rest))
			m.Write(rest[:n])
			rest = rest[n:]
		}
		if got := m.Sum(); got != want {
			t.Errorf("in pieces of %d: %v, matches %v", size, got, m.Matches())
		}
	}
	plain := NewModulo(SHA256, "")
	io.WriteString(plain, stream)
	if plain.Sum() != SumString(SHA256, stream) {
		t.Error("without a modulus the stream is hashed as it is")
	}
}

func TestTee(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 300_000)
	tee := NewTee(iotest.HalfReader(bytes.NewReader(data)), SHA256)
	got, err := io.ReadAll(tee)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
	if tee.Sum() != Sum(SHA256, data) || tee.Size() != int64(len(data)) {
		t.Error("wrong hash")
	}
	tee.Close()

	broken := NewTee(iotest.TimeoutReader(bytes.NewReader(data)), SHA256)
	if _, err := io.ReadAll(broken); !errors.Is(err, iotest.ErrTimeout) {
		t.Errorf("err = %v", err)
	}
	broken.Close()
}

func FuzzParse(f *testing.F) {
	for _, tt := range abc {
		f.Add("", tt.base16, uint8(tt.algo))
		f.Add(tt.algo.String()+":", tt.nix32, uint8(0))
	}
	f.Add("sha256-", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", uint8(0))
	f.Fuzz(func(t *testing.T, prefix, s string, algo uint8) {
		h, e, err := ParseWithEncoding(prefix+s, Algo(algo%6))
		if err != nil {
			return
		}
		again, err := Parse(WithPrefix(h, e), 0)
		if err != nil || again != h {
			t.Errorf("%q is %v, and written again %v, %v", prefix+s, h, again, err)
		}
	})
}

func BenchmarkNix32(b *testing.B) {
	d := SumString(SHA256, "abc").Bytes()
	var buf [64]byte
	for b.Loop() {
		AppendNix32(buf[:0], d)
	}
}

// TestTeeWindow takes a stream in every way that a Tee has.
func TestTeeWindow(t *testing.T) {
	data := make([]byte, 3_000_000)
	rand.NewChaCha8([32]byte{}).Read(data)
	random := rand.New(rand.NewPCG(1, 2))
	for _, src := range []io.Reader{bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
		tee := NewTee(src, SHA256)
		var got []byte
		for range 400 {
			switch n := random.IntN(pieceHead); random.IntN(4) {
			case 0:
				b, err := tee.Peek(n)
				if err != nil || len(b) != n {
					t.Fatalf("Peek(%d) shows %d bytes, %v", n, len(b), err)
				}
				if want := data[len(got):][:n]; !bytes.Equal(b, want) {
					t.Fatal("Peek shows other bytes")
				}
			case 1:
				n *= random.IntN(4)
				if k, err := tee.Discard(n); k != n || err != nil {
					t.Fatalf("Discard(%d) is %d, %v", n, k, err)
				}
				got = append(got, data[len(got):][:n]...)
			case 2:
				b := make([]byte, n)
				k, err := tee.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, b[:k]...)
			case 3:
				b, _ := tee.Peek(tee.Buffered())
				got = append(got, b...)
				tee.Discard(len(b))
			}
			if len(got) > len(data)-100_000 {
				break
			}
		}
		rest := bytes.NewBuffer(got)
		if _, err := tee.WriteTo(rest); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(rest.Bytes(), data) {
			t.Error("other bytes")
		}
		if _, err := tee.Peek(1); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
		if tee.Sum() != Sum(SHA256, data) || tee.Size() != int64(len(data)) {
			t.Error("wrong hash")
		}
	}
}

// TestTeeLast looks at the end of a stream after its hash is known.
func TestTeeLast(t *testing.T) {
	tee := NewTee(strings.NewReader("the end"), SHA256)
	if b, err := tee.Peek(100); string(b) != "the end" || err != io.EOF {
		t.Errorf("Peek: %q, %v", b, err)
	}
	if tee.Sum() != SumString(SHA256, "the end") {
		t.Error("wrong hash")
	}
	if b, _ := tee.Peek(tee.Buffered()); string(b) != "the end" {
		t.Errorf("after Sum: %q", b)
	}
}

// TestTeeClosed: nobody waits for a reader that never comes back.
func TestTeeClosed(t *testing.T) {
	pr, pw := io.Pipe()
	tee := NewTee(pr, SHA256)
	tee.Close()
	if _, err := tee.Read(make([]byte, 1)); err != io.ErrClosedPipe {
		t.Errorf("err = %v", err)
	}
	pw.Close()
}

func TestAsync(t *testing.T) {
	data := make([]byte, 3_000_000)
	rand.NewChaCha8([32]byte{}).Read(data)
	for _, size := range []int{0, 1, pieceSize - 1, pieceSize, pieceSize + 1, len(data)} {
		a := NewAsync(SHA256)
		for rest := data[:size]; len(rest) > 0; {
			n := min(len(rest), 100_000)
			a.Write(rest[:n])
			rest = rest[n:]
		}
		if got := a.Sum(); got != Sum(SHA256, data[:size]) || a.Size() != int64(size) {
			t.Errorf("wrong hash of %d bytes", size)
		}
		if a.Sum() != Sum(SHA256, data[:size]) {
			t.Errorf("another hash of %d bytes the second time", size)
		}
	}
}
