//go:build !linux

package cmd

import "errors"

func makeWritable(*Env, string) error { return errors.ErrUnsupported }
