package editors

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gonix.dev/gonix/lsp/config"
)

// setting is what both the server's schema and the extension say about a setting.
type setting struct {
	Type       string             `json:"type"`
	Default    any                `json:"default"`
	Minimum    any                `json:"minimum"`
	Items      any                `json:"items"`
	Extra      any                `json:"additionalProperties"`
	Properties map[string]setting `json:"properties"`
}

// The extension offers the settings that the server has, with the same types and
// defaults.
func TestSettingsOfTheExtension(t *testing.T) {
	data, err := os.ReadFile("vscode/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var extension struct {
		Contributes struct {
			Configuration struct{ Properties map[string]setting }
		}
	}
	if err := json.Unmarshal(data, &extension); err != nil {
		t.Fatal(err)
	}
	var schema setting
	if err := json.Unmarshal(config.Schema, &schema); err != nil {
		t.Fatal(err)
	}
	want := map[string]setting{}
	for section, s := range schema.Properties {
		for name, s := range s.Properties {
			want["gonix."+section+"."+name] = s
		}
	}
	got := extension.Contributes.Configuration.Properties
	for _, own := range []string{"gonix.path", "gonix.trace.server"} {
		if _, ok := got[own]; !ok {
			t.Errorf("there is no setting %s", own)
		}
		delete(got, own)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("settings (-server +extension):\n%s", diff)
	}
}
