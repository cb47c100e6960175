//go:build !linux

package cmd

// syncBatch is 0 where file systems cannot be made durable as a whole: files are,
// one by one.
const syncBatch = 0

func syncFolder(string) error { return nil }
