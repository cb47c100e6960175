package shell

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// ignored are variables of the builder that would break or mislead a person's
// shell.
var ignored = map[string]bool{
	"BASHOPTS": true, "HOME": true, "NIX_BUILD_TOP": true, "NIX_ENFORCE_PURITY": true, "NIX_LOG_FD": true,
	"NIX_REMOTE": true, "PPID": true, "SHELLOPTS": true, "SSL_CERT_FILE": true, "TEMP": true, "TEMPDIR": true,
	"TERM": true, "TMP": true, "TMPDIR": true, "TZ": true, "UID": true,
}

// kept are variables whose old value stays, behind the new one, so that the shell
// remains usable.
var kept = []string{"PATH", "XDG_DATA_DIRS"}

// ScriptOptions say what a script makes of an [Environment].
type ScriptOptions struct {
	// OutputsDir is where the derivation's outputs go when its phases are run by
	// hand: a person cannot write to the store.
	OutputsDir string
	// FilesDir is a directory that holds StructuredFiles.
	FilesDir string
	// Redirects replaces further store paths.
	Redirects map[string]string
}

// StructuredFiles are the files of structured attributes, by their names.
func (e *Environment) StructuredFiles() map[string]string {
	if e.Structured == nil {
		return nil
	}
	return map[string]string{".attrs.sh": e.Structured.Shell, ".attrs.json": e.Structured.JSON}
}

// Script is what turns a bash into one that has the environment. It may be
// sourced by a running one.
func (e *Environment) Script(o ScriptOptions) string {
	var b strings.Builder
	b.WriteString("unset shellHook\n")
	for _, v := range kept {
		fmt.Fprintf(&b, "%s=${%s:-}\nnix_saved_%s=\"$%s\"\n", v, v, v, v)
	}
	e.declare(&b, ignored)
	for _, v := range kept {
		fmt.Fprintf(&b, "%s=\"$%s${nix_saved_%s:+:$nix_saved_%s}\"\n", v, v, v, v)
	}
	b.WriteString("export NIX_BUILD_TOP=\"$(mktemp -d -t nix-shell.XXXXXX)\"\n")
	for _, v := range []string{"TMP", "TMPDIR", "TEMP", "TEMPDIR"} {
		fmt.Fprintf(&b, "export %s=\"$NIX_BUILD_TOP\"\n", v)
	}
	b.WriteString("eval \"${shellHook:-}\"\n")

	var rewrites []string
	for name, p := range e.Outputs() {
		rewrites = append(rewrites, p, path.Join(o.OutputsDir, name))
	}
	for from, to := range o.Redirects {
		rewrites = append(rewrites, from, to)
	}
	if e.Structured != nil {
		for variable, name := range map[string]string{"NIX_ATTRS_SH_FILE": ".attrs.sh", "NIX_ATTRS_JSON_FILE": ".attrs.json"} {
			if v := e.Variables[variable].Value; v != "" {
				rewrites = append(rewrites, v, path.Join(o.FilesDir, name))
			}
		}
	}
	return replaceLongest(b.String(), rewrites)
}

// replaceLongest replaces the first of each pair by the second. Where several match,
// the longest does: "/nix/store/x-foo-dev" rather than "/nix/store/x-foo".
func replaceLongest(s string, pairs []string) string {
	type pair struct{ from, to string }
	var sorted []pair
	for p := range slices.Chunk(pairs, 2) {
		sorted = append(sorted, pair{p[0], p[1]})
	}
	slices.SortFunc(sorted, func(a, b pair) int {
		if len(a.from) != len(b.from) {
			return len(b.from) - len(a.from)
		}
		return strings.Compare(a.from, b.from)
	})
	flat := make([]string, 0, len(pairs))
	for _, p := range sorted {
		flat = append(flat, p.from, p.to)
	}
	return strings.NewReplacer(flat...).Replace(s)
}
