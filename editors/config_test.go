package editors

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"gonix.dev/gonix/eval/toml"
)

func absolute(t *testing.T, path string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(here, path)
}

// Vim loads the plugin, and talks to the server that it registers.
func TestVim(t *testing.T) {
	vim := need(t, "vim")
	dir, gonix := project(t)
	result := filepath.Join(t.TempDir(), "out")
	log := drive(t, []string{
		"PATH=" + filepath.Dir(gonix) + ":" + os.Getenv("PATH"), "GONIX_DIR=" + dir, "GONIX_OUT=" + result,
		"GONIX_VIM=" + absolute(t, "vim/gonix.vim"), "GONIX_STUB=" + absolute(t, "testdata/vim"),
	}, vim, "-es", "-u", "NONE", "-S", absolute(t, "testdata/drive.vim"))
	out, err := os.ReadFile(result)
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	wantLines(t, string(out), "filetype nix", "server gonix for nix with {'gonix': {}}", "diagnostic 3 unused-let", "value = 1 + 2", "definition 2", "terminal it's here")
}

// Kakoune takes the configuration; kakoune-lsp, whose options and commands these are,
// is not there.
func TestKakoune(t *testing.T) {
	kak := need(t, "kak")
	dir, _ := project(t)
	result := filepath.Join(dir, "out")
	drive(t, nil, kak, "-n", "-ui", "dummy", "-e", `
		declare-option str lsp_servers
		define-command lsp-enable-window %{ nop %sh{ echo enabled > `+result+`.enabled } }
		hook global BufCreate .*\.nix %{ set-option buffer filetype nix }
		source `+absolute(t, "kakoune/gonix.kak")+`
		edit `+filepath.Join(dir, "main.nix")+`
		nop %sh{ printf %s "$kak_opt_lsp_servers" > `+result+` }
		quit!`)
	if _, err := os.Stat(result + ".enabled"); err != nil {
		t.Errorf("the server is not enabled: %v", err)
	}
	text, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	servers := table(t, string(text))
	onlyKeys(t, "lsp_servers", servers, "gonix")
	server := servers.Values["gonix"].(*toml.Table)
	onlyKeys(t, "gonix", server, "command", "args", "root_globs", "settings_section", "settings")
	runsServer(t, server.Values["command"], server.Values["args"])
	section, _ := server.Values["settings_section"].(string)
	onlyKeys(t, "settings", server.Values["settings"].(*toml.Table), section)
}

// Helix is not in Debian: its configuration has the keys that Helix documents.
func TestHelix(t *testing.T) {
	text, err := os.ReadFile("helix/languages.toml")
	if err != nil {
		t.Fatal(err)
	}
	root := table(t, string(text))
	onlyKeys(t, "languages.toml", root, "language-server", "language")
	servers := root.Values["language-server"].(*toml.Table)
	server := servers.Values["gonix"].(*toml.Table)
	onlyKeys(t, "language-server.gonix", server, "command", "args", "config", "timeout", "environment", "required-root-patterns")
	runsServer(t, server.Values["command"], server.Values["args"])
	languages := root.Values["language"].([]any)
	if len(languages) != 1 {
		t.Fatalf("%d languages", len(languages))
	}
	nix := languages[0].(*toml.Table)
	onlyKeys(t, "language", nix, "name", "language-servers", "auto-format", "formatter", "roots", "file-types")
	formatter := nix.Values["formatter"].(*toml.Table)
	if formatter.Values["command"] != "gonix" || !reflect.DeepEqual(formatter.Values["args"], []any{"fmt", "-"}) {
		t.Errorf("the formatter is %v", formatter.Values)
	}
	if nix.Values["name"] != "nix" || !reflect.DeepEqual(nix.Values["language-servers"], []any{"gonix"}) {
		t.Errorf("the language is %v with %v", nix.Values["name"], nix.Values["language-servers"])
	}
}

// Nor is Zed.
func TestZed(t *testing.T) {
	data, err := os.ReadFile("zed/settings.json")
	if err != nil {
		t.Fatal(err)
	}
	var settings struct {
		LSP map[string]struct {
			Binary struct {
				Path      string   `json:"path"`
				Arguments []string `json:"arguments"`
			} `json:"binary"`
			Options map[string]any `json:"initialization_options"`
		} `json:"lsp"`
		Languages map[string]struct {
			Servers   []string `json:"language_servers"`
			Formatter any      `json:"formatter"`
		} `json:"languages"`
	}
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	for _, server := range settings.Languages["Nix"].Servers {
		if server[0] == '!' {
			continue
		}
		binary := settings.LSP[server].Binary
		args := make([]any, len(binary.Arguments))
		for i, a := range binary.Arguments {
			args[i] = a
		}
		runsServer(t, binary.Path, args)
	}
}

func table(t *testing.T, text string) *toml.Table {
	t.Helper()
	root, err := toml.Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return root
}

func onlyKeys(t *testing.T, what string, got *toml.Table, known ...string) {
	t.Helper()
	for _, key := range got.Keys {
		if !slices.Contains(known, key) {
			t.Errorf("%s has %s, which is not known; known are %q", what, key, known)
		}
	}
}

func runsServer(t *testing.T, command, args any) {
	t.Helper()
	if command != "gonix" || !reflect.DeepEqual(args, []any{"lsp"}) {
		t.Errorf("the server is %v %v", command, args)
	}
}
