//go:build !linux

package store

import (
	"errors"
	"os"
)

func unnamedFile(string) (*os.File, error) { return nil, errors.ErrUnsupported }
