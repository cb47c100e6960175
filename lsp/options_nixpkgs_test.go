package lsp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.lsp.dev/protocol"
)

// TestNixOS checks a machine with the options of a real NixOS, and a user with
// those of a real home-manager:
//
//	GONIX_NIXPKGS=dir GONIX_HOME_MANAGER=dir go test ./lsp -run 'TestNixOS|TestHomeManager' -v
//
// The answers are those of the 20.09 nixpkgs.
func TestNixOS(t *testing.T) {
	nixpkgs := os.Getenv("GONIX_NIXPKGS")
	if nixpkgs == "" {
		t.Log("GONIX_NIXPKGS is not set")
		return
	}
	c := connect(t, clientOptions{options: realOptions("nixpkgs=" + nixpkgs)})
	found := optionFindingsOf(c, "configuration.nix", `{ pkgs, ... }:
{
  services.openssh = { enable = true; permitRootLogin = "maybe"; ports = [ "22" ]; prots = 1; };
  services.nginx.virtualHosts."example.org".locations."/" = { roo = "/var/www"; };
  users.users.me = { isNormalUser = true; shell = pkgs.zsh; extraGroups = [ "wheel" ]; };
  systemd.services.foo = { wantedBy = [ "multi-user.target" ]; serviceConfig.ExecStart = "x"; };
  environment.variables.EDITOR = 1;
}
`)
	want := []string{"3:57 option-type", "3:76 option-type", "3:84 unknown-option", "4:63 unknown-option", "7:34 option-type"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("problems of configuration.nix (-want +got):\n%s", diff)
	}
	at := c.find("configuration.nix", "wantedBy")
	r, err := c.Definition(context.Background(), &protocol.DefinitionParams{TextDocumentPositionParams: at})
	list, _ := r.(protocol.LocationSlice)
	if err != nil || len(list) == 0 || !strings.HasSuffix(string(list[0].URI), "systemd-unit-options.nix") {
		t.Errorf("wantedBy is declared in %v, %v", list, err)
	}
}

func TestHomeManager(t *testing.T) {
	nixpkgs, hm := os.Getenv("GONIX_NIXPKGS"), os.Getenv("GONIX_HOME_MANAGER")
	if nixpkgs == "" || hm == "" {
		t.Log("GONIX_NIXPKGS and GONIX_HOME_MANAGER are not set")
		return
	}
	c := connect(t, clientOptions{options: realOptions("nixpkgs="+nixpkgs, "home-manager="+hm)})
	found := optionFindingsOf(c, "home.nix", `{ pkgs, ... }:
{
  home.packages = [ pkgs.hello "x" ];
  programs.bash.enabl = true;
  services.openssh.enable = true;
}
`)
	want := []string{"3:32 option-type", "4:17 unknown-option", "5:12 unknown-option"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("problems of home.nix (-want +got):\n%s", diff)
	}
}

func realOptions(nixPath ...string) Options {
	return Options{NixPath: nixPath, System: "x86_64-linux", Worker: []string{os.Args[0], "eval-worker"}}
}

// optionFindingsOf opens a text, and returns where options are wrong in it.
func optionFindingsOf(c *client, name, text string) []string {
	c.write(name, text)
	u := c.open(name, text)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var out []string
		for _, d := range c.waitDiagnostics(u) {
			if code := fmt.Sprint(d.Code); code == "unknown-option" || code == "option-type" {
				out = append(out, fmt.Sprintf("%d:%d %s", d.Range.Start.Line+1, d.Range.Start.Character+1, code))
			}
		}
		if len(out) > 0 {
			slices.Sort(out)
			return out
		}
	}
	return nil
}

// find is the place of the first mention of a word in a file.
func (c *client) find(name, word string) protocol.TextDocumentPositionParams {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(text), word)
	if !ok {
		c.t.Fatalf("%s does not say %s", name, word)
	}
	line := strings.Count(before, "\n")
	return protocol.TextDocumentPositionParams{
		TextDocument: c.docID(c.uri(name)), Position: pos(uint32(line), uint32(len(before)-1-strings.LastIndexByte(before, '\n'))),
	}
}
