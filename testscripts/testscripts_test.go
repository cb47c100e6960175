// Package testscripts drives gonix the way a user does: each *.txtar is a session
// about one topic, and the transcripts in the documentation are sessions too.
//
// A script starts in an empty directory (plus its own files) with a home, XDG
// directories and a store of its own. Besides testscript's commands there are
// gonix, gonix-build and so on. Nix's own tools keep their names and mean the real
// Nix; a script that calls gonix by one of them makes a symbolic link to $GONIX:
//
//	symlink bin/nix-instantiate -> $GONIX
//
// Conditions: [nix] (the real Nix is installed), [tool:NAME] (NAME is in PATH),
// [root], [userns] (user namespaces work). The first two fail in CI instead of
// leaving something out. `go test ./testscripts -update` rewrites what `cmp`
// compares with, and the transcripts.
package testscripts

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"gonix.dev/gonix/cmd"
)

var update = flag.Bool("update", false, "rewrite expected output")

// names are what gonix can be called by, besides gonix.
var names = []string{
	"gonix-build", "gonix-channel", "gonix-collect-garbage", "gonix-copy-closure", "gonix-env",
	"gonix-hash", "gonix-instantiate", "gonix-prefetch-url", "gonix-shell", "gonix-store",
}

// TestMain makes the test binary gonix when it is called by any name but its own.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); !strings.HasSuffix(name, ".test") {
		os.Exit(cmd.Main()) // gonix-build, or sh in a sandbox
	}
	testscript.Main(withLinks{m}, map[string]func(){"gonix": func() { os.Exit(cmd.Main()) }})
}

// withLinks adds gonix's other names to the directory that testscript.Main puts
// into PATH, as links: a copy of the binary for each would be slow.
type withLinks struct{ *testing.M }

func (m withLinks) Run() int {
	gonix, err := exec.LookPath("gonix")
	if err != nil {
		fmt.Fprintf(os.Stderr, "find gonix: %v\n", err)
		return 1
	}
	for _, name := range names {
		if err := os.Symlink("gonix", filepath.Join(filepath.Dir(gonix), name)); err != nil {
			fmt.Fprintf(os.Stderr, "link gonix: %v\n", err)
			return 1
		}
	}
	return m.M.Run()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                ".",
		Setup:              func(env *testscript.Env) error { return setup(env.WorkDir, env.Setenv) },
		Condition:          condition,
		UpdateScripts:      *update,
		RequireUniqueNames: true,
	})
}

// workDir is a temporary directory that may hold a store, which is read-only and
// which t.TempDir alone would not get rid of as a normal user.
func workDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { exec.Command("chmod", "-R", "u+w", dir).Run() })
	return dir
}

// setup gives a session below work its own home, settings and store.
func setup(work string, setenv func(name, value string)) error {
	gonix, err := exec.LookPath("gonix")
	if err != nil {
		return err
	}
	home := filepath.Join(work, ".home")
	for name, value := range map[string]string{
		"GONIX":               gonix,
		"HOME":                home,
		"XDG_CACHE_HOME":      home + "/cache",
		"XDG_CONFIG_HOME":     home + "/config",
		"XDG_DATA_HOME":       home + "/data",
		"XDG_STATE_HOME":      home + "/state",
		"NIX_REMOTE":          "local?root=" + filepath.Join(work, ".root"),
		"NIX_CONF_DIR":        home + "/etc/nix",
		"NIX_USER_CONF_FILES": home + "/config/nix/nix.conf",
		"NIX_CONFIG":          "substitute = false",
		"NIX_PATH":            "",
		"LC_ALL":              "C.UTF-8",
		"TERM":                "dumb",
	} {
		setenv(name, value)
	}
	return os.MkdirAll(home, 0o755)
}

func condition(cond string) (bool, error) {
	tool, isTool := strings.CutPrefix(cond, "tool:")
	switch {
	case cond == "nix":
		return have("nix-instantiate")
	case isTool:
		return have(tool)
	case cond == "root":
		return os.Getuid() == 0, nil
	case cond == "userns":
		return exec.Command("unshare", "--user", "--map-root-user", "true").Run() == nil, nil
	}
	return false, fmt.Errorf("unknown condition %s", cond)
}

// have reports whether a tool is installed, which in CI it must be.
func have(tool string) (bool, error) {
	_, err := exec.LookPath(tool)
	if err != nil && os.Getenv("GONIX_CI") == "1" {
		return false, fmt.Errorf("CI lacks %s: %w", tool, err)
	}
	return err == nil, nil
}

// need leaves a test out where a tool is not installed, except in CI.
func need(t *testing.T, tool string) {
	t.Helper()
	if ok, err := have(tool); err != nil {
		t.Fatal(err)
	} else if !ok {
		t.Skipf("no %s", tool)
	}
}
