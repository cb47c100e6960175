package testscripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSharedStore has gonix and the real Nix take turns on one /nix/store: a folder that
// is mounted there in a mount namespace of the test's own, as root or in a user
// namespace. testdata/sharednix.sh is what happens in it.
func TestSharedStore(t *testing.T) {
	need(t, "nix-store")
	if _, err := os.Stat("/nix"); err != nil {
		if os.Getuid() != 0 {
			t.Fatal("there is no /nix to mount a store on")
		}
		if err := os.Mkdir("/nix", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script, err := filepath.Abs("testdata/sharednix.sh")
	if err != nil {
		t.Fatal(err)
	}
	gonix, err := exec.LookPath("gonix")
	if err != nil {
		t.Fatal(err)
	}
	dir := workDir(t)
	unshare := []string{"--mount"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	c := exec.CommandContext(t.Context(), "unshare", append(unshare, "bash", script)...)
	c.Dir = dir
	c.Env = []string{
		"PATH=" + filepath.Dir(gonix) + ":" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C.UTF-8",
		"NIX_CONF_DIR=" + dir + "/etc",
		"NIX_CONFIG=" + strings.Join([]string{
			"sandbox = false", "build-users-group =", "substituters =", "experimental-features = nix-command", "keep-derivations = false",
		}, "\n"),
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
