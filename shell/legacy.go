package shell

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/drv"
)

// Legacy is what nix-shell makes a shell of: the derivation's own variables, which
// are passed to bash, and a script that runs stdenv's setup in it.
type Legacy struct {
	TmpDir  string // removed at the end
	Remove  string // the program that does so, rm: the shell's own PATH may lack it
	Shell   string // bash, absolute if possible
	Pure    bool   // nothing of the user's own environment
	Root    bool   // a red prompt
	TZ      string // time zone of the user; "" if they have set none
	Command string // what to do then; "" leaves the shell to the user

	// Structured declares structured attributes; "" without them.
	Structured string
}

// KeptInPure are variables that even a pure shell gets from the user's environment.
var KeptInPure = []string{
	"HOME", "XDG_RUNTIME_DIR", "USER", "LOGNAME", "DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "PATH", "TERM",
	"IN_NIX_SHELL", "NIX_SHELL_PRESERVE_PROMPT", "TZ", "PAGER", "NIX_BUILD_SHELL", "SHLVL",
	"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
	"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
}

// Script is the shell's rc file.
func (l Legacy) Script() string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	line("_nix_shell_clean_tmpdir() { command " + Quote(l.Remove) + " -rf " + Quote(l.TmpDir) + "; }")
	line("trap _nix_shell_clean_tmpdir EXIT")
	line("exitHooks+=(_nix_shell_clean_tmpdir)")
	line("failureHooks+=(_nix_shell_clean_tmpdir)")
	if !l.Pure {
		line(`[ -n "$PS1" ] && [ -e ~/.bashrc ] && source ~/.bashrc`)
		line("p=$PATH")
	}
	// Setup makes a PATH of its own; the user's comes back behind it.
	line("unset PATH")
	line("dontAddDisableDepTrack=1")
	b.WriteString(l.Structured)
	line("[ -e $stdenv/setup ] && source $stdenv/setup")
	if !l.Pure {
		line("PATH=$PATH:$p; unset p")
	}
	line("PATH=" + Quote(path.Dir(l.Shell)) + `:"$PATH"`)
	line("SHELL=" + Quote(l.Shell))
	line("BASH=" + Quote(l.Shell))
	line("set +e")
	colour := "32"
	if l.Root {
		colour = "31"
	}
	line(`[ -n "$PS1" -a -z "$NIX_SHELL_PRESERVE_PROMPT" ] && PS1='\n\[\033[1;` + colour + `m\][nix-shell:\w]\$\[\033[0m\] '`)
	line(`if [ "$(type -t runHook)" = function ]; then runHook shellHook; fi`)
	line("unset NIX_ENFORCE_PURITY")
	line("shopt -u nullglob")
	line("unset TZ")
	if l.TZ != "" {
		line("export TZ=" + Quote(l.TZ))
	}
	line("shopt -s execfail")
	if l.Command != "" {
		line(l.Command)
		line("exit")
	}
	return b.String()
}

// Variables are the variables that bash starts with: the user's, above which are
// those of the derivation and its files. Those of passAsFile and structured
// attributes are to be written to l.TmpDir first. user has KEY=VALUE, later ones
// win.
func (l Legacy) Variables(user []string, d *drv.Derivation, dir store.Dir, cores int) (env []string, files map[string]string) {
	set := make(map[string]string, len(user)+len(d.Env))
	for _, kv := range user {
		k, v, _ := strings.Cut(kv, "=")
		set[k] = v
	}
	if l.Pure {
		// NixOS's /etc/bashrc would source /etc/profile.
		set["__ETC_PROFILE_SOURCED"] = "1"
	}
	for _, k := range []string{"NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP"} {
		set[k] = l.TmpDir
	}
	set["NIX_STORE"] = string(dir)
	set["NIX_BUILD_CORES"] = strconv.Itoa(cores)
	list, _ := d.Getenv("passAsFile")
	asFile := strings.Fields(list)
	files = map[string]string{}
	for _, v := range d.Env {
		if !slices.Contains(asFile, v.Name) {
			set[v.Name] = v.Value
			continue
		}
		name := fmt.Sprintf(".attr-%d", len(files))
		files[name] = v.Value
		set[v.Name+"Path"] = path.Join(l.TmpDir, name)
	}
	if l.Structured != "" {
		set["NIX_ATTRS_SH_FILE"] = path.Join(l.TmpDir, ".attrs.sh")
		set["NIX_ATTRS_JSON_FILE"] = path.Join(l.TmpDir, ".attrs.json")
	}
	for _, k := range slices.Sorted(maps.Keys(set)) {
		env = append(env, k+"="+set[k])
	}
	return env, files
}

// Resolve replaces the placeholders of inputs whose paths were not known before
// they were built. paths gives the outputs of each input.
func Resolve(d *drv.Derivation, paths map[store.Path]map[string]store.Path, dir store.Dir) {
	var pairs []string
	for _, in := range d.InputDrvs {
		for _, name := range in.Outputs {
			if p := paths[in.Path][name]; !p.IsZero() {
				pairs = append(pairs, store.UpstreamPlaceholder(in.Path, name).String(), dir.Format(p))
			}
		}
	}
	r := strings.NewReplacer(pairs...)
	d.Env = slices.Clone(d.Env)
	for i := range d.Env {
		d.Env[i].Value = r.Replace(d.Env[i].Value)
	}
}
