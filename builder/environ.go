package builder

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"gonix.dev/gonix/store/hash"
)

var graphFileName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// environ makes the builder's environment, and the files it mentions.
func (b *build) environ() ([]string, error) {
	s := &b.w.Settings
	env := map[string]string{
		// Shells would otherwise make up a default.
		"PATH": "/path-not-set",
		// Must not exist, lest programs read configuration there.
		"HOME":            "/homeless-shelter",
		"NIX_STORE":       string(b.dir()),
		"NIX_BUILD_CORES": strconv.Itoa(s.Cores),
	}
	if !b.attrs.structured() {
		if err := b.plainEnv(env); err != nil {
			return nil, err
		}
	}
	env["NIX_BUILD_TOP"] = b.tmpInside
	for _, k := range []string{"TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"} {
		env[k] = b.tmpInside
	}
	if b.drv.IsFixed() {
		env["NIX_OUTPUT_CHECKED"] = "1"
	}
	if !b.isPure() {
		names, _, err := b.attrs.strings("impureEnvVars")
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			v, ok := s.ImpureEnv[n]
			if !ok && s.Getenv != nil {
				v = s.Getenv(n)
			}
			env[n] = v
		}
	}
	env["NIX_LOG_FD"] = "2"
	env["TERM"] = "xterm-256color"

	if b.attrs.structured() {
		if err := b.writeStructured(env); err != nil {
			return nil, err
		}
	} else if err := b.writeGraphs(); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(env))
	for _, k := range sortedKeys(env) {
		out = append(out, rewriteString(k+"="+env[k], b.rewrites))
	}
	return out, nil
}

// plainEnv puts the derivation's environment into env, large values into files.
func (b *build) plainEnv(env map[string]string) error {
	asFile := map[string]bool{}
	if list, ok := b.drv.Getenv("passAsFile"); ok {
		for _, n := range tokens(list) {
			asFile[n] = true
		}
	}
	for _, e := range b.drv.Env {
		if !asFile[e.Name] {
			env[e.Name] = e.Value
			continue
		}
		name := ".attr-" + hash.Format(hash.SumString(hash.SHA256, e.Name), hash.Nix32)
		if err := b.writeTmp(name, rewriteString(e.Value, b.rewrites)); err != nil {
			return err
		}
		env[e.Name+"Path"] = b.tmpInside + "/" + name
	}
	return nil
}

// writeTmp writes a file that belongs to the builder into its directory.
func (b *build) writeTmp(name, data string) error {
	p := filepath.Join(b.tmp, name)
	if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
		return err
	}
	return b.chown(p)
}

func (b *build) writeStructured(env map[string]string) error {
	outputs := map[string]string{}
	for _, o := range b.outputs {
		outputs[o.Name] = b.dir().Format(o.scratch)
	}
	jsonText, shell, err := b.structuredFiles(outputs)
	if err != nil {
		return err
	}
	if err := b.writeTmp(".attrs.sh", shell); err != nil {
		return err
	}
	if err := b.writeTmp(".attrs.json", jsonText); err != nil {
		return err
	}
	env["NIX_ATTRS_SH_FILE"] = b.tmpInside + "/.attrs.sh"
	env["NIX_ATTRS_JSON_FILE"] = b.tmpInside + "/.attrs.json"
	return nil
}

// writeGraphs writes the files of exportReferencesGraph.
func (b *build) writeGraphs() error {
	text, _ := b.drv.Getenv("exportReferencesGraph")
	words := tokens(text)
	if len(words)%2 != 0 {
		return failf(InputRejected, b.path, "odd number of tokens in 'exportReferencesGraph': '%s'", text)
	}
	for i := 0; i < len(words); i += 2 {
		name, target := words[i], words[i+1]
		if !graphFileName.MatchString(name) {
			return failf(InputRejected, b.path, "invalid file name '%s' in 'exportReferencesGraph'", name)
		}
		if !b.dir().Contains(target) {
			return failf(InputRejected, b.path, "'exportReferencesGraph' contains a non-store path '%s'", target)
		}
		p, _, err := b.dir().Split(target)
		if err != nil {
			return failf(InputRejected, b.path, "'exportReferencesGraph' contains a non-store path '%s': %w", target, err)
		}
		paths, err := b.exportReferences(paths1(p))
		if err != nil {
			return failf(InputRejected, b.path, "%w", err)
		}
		reg, err := b.registration(paths)
		if err != nil {
			return err
		}
		if err := b.writeTmp(name, reg); err != nil {
			return fmt.Errorf("write '%s': %w", name, err)
		}
	}
	return nil
}
