package cmd

import (
	"context"
	"io"
	"os"

	"gonix.dev/gonix/store/sign"
)

// generateKey is nix-store --generate-binary-cache-key NAME SECRET PUBLIC.
func (n *nixStore) generateKey(_ context.Context, args []string) error {
	k, err := sign.Generate(args[0])
	if err != nil {
		return usageErrorf("%w", err)
	}
	secret, err := os.OpenFile(n.env.abs(args[1]), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.WriteString(secret, k.Text())
	if cerr := secret.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.WriteFile(n.env.abs(args[2]), []byte(k.Public().String()), 0o666)
}
