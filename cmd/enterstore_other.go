//go:build !linux

package cmd

import "errors"

const enterStoreVerb = "__enter-store"

var errEnterStore = errors.New("programs of a store that lies elsewhere can be run on Linux only")

func enterStore(*Env, string, string, entry) error { return errEnterStore }

func runEnterStore(*Env, []string) error { return errEnterStore }
