package worker

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/lsp/pins"
	"gonix.dev/gonix/parser/quote"
)

// callFlakes ties the knot of flakes that are each other's inputs, as Nix does,
// except that each stays where it is: unsaved texts are laid over it, and errors name
// the user's files. A folder that has no flake.nix is what a flake of that name is
// mostly used for: nixpkgs.
const callFlakes = `nodes:
let
  call = key: node:
    let
      info = {
        outPath = node.dir or (throw "the flake ${key} is not on this machine");
        lastModified = 0;
        lastModifiedDate = "19700101000000";
        narHash = "";
      };
      file = info.outPath + "/flake.nix";
      flake = import file;
      inputs = builtins.mapAttrs (_: key: all.${key}) node.inputs;
      outputs = flake.outputs (inputs // { self = result; });
      result = outputs // info // { inherit inputs outputs; sourceInfo = info; _type = "flake"; };
    in
    if node.plain then info
    else if builtins.pathExists file then result
    else info // { lib = import (info.outPath + "/lib"); };
  all = builtins.mapAttrs call nodes;
in
all.` + pins.Root + `.outputs`

// flakeText is the expression of the outputs of a flake.
func flakeText(r *Root) string {
	var b strings.Builder
	b.WriteString("(" + callFlakes + ") {\n")
	for _, key := range slices.Sorted(maps.Keys(r.Flakes)) {
		f := r.Flakes[key]
		b.WriteString(quote.Identifier(key) + " = { ")
		if f.Dir != "" {
			b.WriteString("dir = " + quote.String(f.Dir) + "; ")
		}
		fmt.Fprintf(&b, "plain = %t; inputs = { ", f.Plain)
		for _, name := range slices.Sorted(maps.Keys(f.Inputs)) {
			b.WriteString(quote.Identifier(name) + " = " + quote.String(f.Inputs[name]) + "; ")
		}
		b.WriteString("}; };\n")
	}
	b.WriteString("}")
	return b.String()
}

// manySystems ends the names of the outputs that are systems made of modules:
// nixosConfigurations, homeConfigurations, darwinConfigurations and their like.
const manySystems = "Configurations"

// exploreFlake evaluates the outputs of a flake that are systems, and, if there are
// none, those that are no packages.
func (e *evaluator) exploreFlake(r *Root, found *root) {
	v, err := e.st.EvalIn(Guess, flakeText(r), "/", e.vars)
	if err != nil {
		found.err = err
		return
	}
	outputs, err := e.st.ForceAttrs(v, 0, "")
	if err != nil {
		found.err = err
		return
	}
	left := maxExplored
	explore := func(wanted func(name string) bool) {
		for _, a := range e.st.Sorted(outputs) {
			if !wanted(e.st.SymName(a.Sym)) {
				continue
			}
			if v, err := e.st.ForceSlot(a.Value); err == nil && v.Kind() == eval.KindAttrs {
				e.look(v, maxExploredDepth-1, &left)
			}
		}
	}
	explore(func(name string) bool { return strings.HasSuffix(name, manySystems) })
	if len(found.top) > 0 {
		return
	}
	explore(func(name string) bool {
		switch name {
		case "packages", "legacyPackages", "devShells", "checks", "apps", "formatter", "hydraJobs", "bundlers", "templates":
			return false
		}
		return !strings.HasSuffix(name, manySystems)
	})
}
