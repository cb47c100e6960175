package cmd

import "testing"

func TestMapsIDs(t *testing.T) {
	const all, rootless = "         0          0 4294967295\n", "         0       1000          1\n         1     100000      65536\n"
	for _, tt := range []struct {
		text         string
		first, count uint64
		want         bool
	}{
		{all, 872415232, 8388608, true},
		{"         0       1000          1\n", 872415232, 8388608, false},
		{rootless, 1, 65536, true},
		{rootless, 2, 65536, false},
		{rootless, 872415232, 1, false},
		{"", 0, 1, false},
	} {
		if got := mapsIDs(tt.text, tt.first, tt.count); got != tt.want {
			t.Errorf("%q, %d ids from %d: %v", tt.text, tt.count, tt.first, got)
		}
	}
}
