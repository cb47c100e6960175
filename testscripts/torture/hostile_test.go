//go:build linux

package torture

func hostile([]string) int { return 0 }
