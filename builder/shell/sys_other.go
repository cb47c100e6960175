//go:build !unix

package shell

import "errors"

var errIsDir = errors.New("is a directory")

func mkfifo(string) error { return errors.ErrUnsupported }

func umask(int) int { return 0o022 }
