package scope

import "slices"

// Globals are the names that every file knows, sorted, besides the builtins that
// start with two underscores.
var Globals = []string{
	"abort", "baseNameOf", "break", "builtins", "derivation", "derivationStrict", "dirOf", "false",
	"fetchGit", "fetchMercurial", "fetchTarball", "fetchTree", "fromTOML", "import", "isNull", "map",
	"null", "placeholder", "removeAttrs", "scopedImport", "throw", "toString", "true",
}

// Builtins are the attributes of `builtins`.
var Builtins = []string{
	"abort", "add", "addDrvOutputDependencies", "addErrorContext", "all", "any", "appendContext", "attrNames", "attrValues",
	"baseNameOf", "bitAnd", "bitOr", "bitXor", "break", "builtins", "catAttrs", "ceil", "compareVersions",
	"concatLists", "concatMap", "concatStringsSep", "convertHash", "currentSystem", "currentTime", "deepSeq",
	"derivation", "derivationStrict", "dirOf", "div", "elem", "elemAt", "false", "fetchClosure", "fetchGit",
	"fetchMercurial", "fetchTarball", "fetchTree", "fetchurl", "filter", "filterSource", "findFile",
	"flakeRefToString", "floor", "foldl'", "fromJSON", "fromTOML", "functionArgs", "genList", "genericClosure", "getAttr",
	"getContext", "getEnv", "getFlake", "groupBy", "hasAttr", "hasContext", "hashFile", "hashString", "head",
	"import", "intersectAttrs", "isAttrs", "isBool", "isFloat", "isFunction", "isInt", "isList", "isNull",
	"isPath", "isString", "langVersion", "length", "lessThan", "listToAttrs", "map", "mapAttrs", "match", "mul",
	"nixPath", "nixVersion", "null", "outputOf", "parseDrvName", "parseFlakeRef", "partition", "path",
	"pathExists", "placeholder", "readDir", "readFile", "readFileType", "removeAttrs", "replaceStrings",
	"scopedImport", "seq", "sort", "split", "splitVersion", "storeDir", "storePath", "stringLength", "sub",
	"substring", "tail", "throw", "toFile", "toJSON", "toPath", "toString", "toXML", "trace",
	"traceVerbose", "true", "tryEval", "typeOf", "unsafeDiscardOutputDependency",
	"unsafeDiscardStringContext", "unsafeGetAttrPos", "warn", "zipAttrsWith",
}

var globalSet, builtinSet = setOf(Globals), setOf(Builtins)

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// IsGlobal reports whether every file knows the name.
func IsGlobal(name string) bool { return globalSet[name] || isPrefixed(name) }

// IsBuiltin reports whether `builtins` has the attribute.
func IsBuiltin(name string) bool { return builtinSet[name] }

// isPrefixed reports whether the name is a builtin spelt with two underscores.
// Those that are global by their plain name have no such spelling.
func isPrefixed(name string) bool {
	return len(name) > 2 && name[:2] == "__" && builtinSet[name[2:]] && !globalSet[name[2:]]
}

// globals makes the outermost scope of a file; its definitions collect uses, so
// that it cannot be shared.
func globals() *Scope {
	s := &Scope{index: make(map[string]*Def, len(allGlobals))}
	defs := make([]Def, len(allGlobals))
	for i, n := range allGlobals {
		defs[i] = Def{Name: n, Kind: Global}
		s.add(&defs[i])
	}
	return s
}

// allGlobals are the Globals and the builtins that start with two underscores.
var allGlobals = func() []string {
	all := slices.Clone(Globals)
	for _, n := range Builtins {
		if !globalSet[n] {
			all = append(all, "__"+n)
		}
	}
	return all
}()
