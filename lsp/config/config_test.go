package config

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestMerge(t *testing.T) {
	base := Default()
	got, err := base.Merge([]byte(`{"gonix":{"diagnostics":{"severity":{"unused-let":"off"}},"eval":{"enable":false}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got.Eval.Enable || got.Diagnostics.Severity["unused-let"] != "off" {
		t.Errorf("settings not taken: %+v", got)
	}
	if !got.Diagnostics.Enable || got.Eval.TimeLimitMS != base.Eval.TimeLimitMS {
		t.Errorf("settings not mentioned did not stay: %+v", got)
	}
	for _, bad := range []string{`[]`, `{"eval":{"enable":"yes"}}`, `{"diagnostics":{"severity":{"x":"loud"}}}`, `{"eval":{"timeLimitMs":0}}`, `{`} {
		if same, err := base.Merge([]byte(bad)); err == nil || !reflect.DeepEqual(same, base) {
			t.Errorf("Merge(%s) = %+v, %v; want an error and no change", bad, same, err)
		}
	}
	for _, nothing := range []string{``, `null`, `{}`, `{"gonix":null}`} {
		if same, err := base.Merge([]byte(nothing)); err != nil || !reflect.DeepEqual(same, base) {
			t.Errorf("Merge(%s) = %+v, %v; want no change", nothing, same, err)
		}
	}
}

// The schema names the same settings, with the same defaults, as the code.
func TestSchemaAgrees(t *testing.T) {
	type node struct {
		Properties map[string]*node `json:"properties"`
		Default    any              `json:"default"`
	}
	var schema node
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	data, _ := json.Marshal(Default())
	var settings map[string]map[string]any
	if err := json.Unmarshal(data, &settings); err != nil {
		t.Fatal(err)
	}
	for section, fields := range settings {
		if schema.Properties[section] == nil || len(schema.Properties[section].Properties) != len(fields) {
			t.Errorf("section %s: schema and code name different settings", section)
			continue
		}
		for name, value := range fields {
			n := schema.Properties[section].Properties[name]
			if n == nil {
				t.Errorf("%s.%s is not in the schema", section, name)
				continue
			}
			// An empty list or map is null in Go's zero value.
			if value != nil && !reflect.DeepEqual(n.Default, value) {
				t.Errorf("%s.%s: schema says %v by default, code %v", section, name, n.Default, value)
			}
		}
	}
	if len(schema.Properties) != len(settings) {
		t.Error("the schema has sections that the code has not")
	}
}
