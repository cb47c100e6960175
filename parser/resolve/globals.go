package resolve

// IsGlobal reports whether a name is a global variable of Nix 2.36: a builtin
// that is in scope everywhere. Those behind experimental features are among them.
func IsGlobal(name string) bool { return globals[name] }

// Globals returns the names for which IsGlobal is true, in no order.
func Globals() []string {
	list := make([]string, 0, len(globals))
	for name := range globals {
		list = append(list, name)
	}
	return list
}

var globals = map[string]bool{
	"true": true, "false": true, "null": true, "builtins": true, "derivation": true,

	"abort": true, "baseNameOf": true, "break": true, "derivationStrict": true, "dirOf": true,
	"fetchGit": true, "fetchMercurial": true, "fetchTarball": true, "fetchTree": true, "fromTOML": true,
	"import": true, "isNull": true, "map": true, "placeholder": true, "removeAttrs": true,
	"scopedImport": true, "throw": true, "toString": true,

	"__add": true, "__addDrvOutputDependencies": true, "__addErrorContext": true, "__all": true,
	"__any": true, "__appendContext": true, "__attrNames": true, "__attrValues": true, "__bitAnd": true,
	"__bitOr": true, "__bitXor": true, "__catAttrs": true, "__ceil": true, "__compareVersions": true,
	"__concatLists": true, "__concatMap": true, "__concatStringsSep": true, "__convertHash": true,
	"__currentSystem": true, "__currentTime": true, "__deepSeq": true, "__div": true, "__elem": true,
	"__elemAt": true, "__fetchClosure": true, "__fetchurl": true, "__filter": true,
	"__filterSource": true, "__findFile": true, "__flakeRefToString": true, "__floor": true,
	"__foldl'": true, "__fromJSON": true, "__functionArgs": true, "__genList": true,
	"__genericClosure": true, "__getAttr": true, "__getContext": true, "__getEnv": true,
	"__getFlake": true, "__groupBy": true, "__hasAttr": true, "__hasContext": true, "__hashFile": true,
	"__hashString": true, "__head": true, "__intersectAttrs": true, "__isAttrs": true, "__isBool": true,
	"__isFloat": true, "__isFunction": true, "__isInt": true, "__isList": true, "__isPath": true,
	"__isString": true, "__langVersion": true, "__length": true, "__lessThan": true,
	"__listToAttrs": true, "__mapAttrs": true, "__match": true, "__mul": true, "__nixPath": true,
	"__nixVersion": true, "__outputOf": true, "__parseDrvName": true, "__parseFlakeRef": true,
	"__partition": true, "__path": true, "__pathExists": true, "__readDir": true, "__readFile": true,
	"__readFileType": true, "__replaceStrings": true, "__seq": true, "__sort": true, "__split": true,
	"__splitVersion": true, "__storeDir": true, "__storePath": true, "__stringLength": true,
	"__sub": true, "__substring": true, "__tail": true, "__toFile": true, "__toJSON": true,
	"__toPath": true, "__toXML": true, "__trace": true, "__traceVerbose": true, "__tryEval": true,
	"__typeOf": true, "__unsafeDiscardOutputDependency": true, "__unsafeDiscardStringContext": true,
	"__unsafeGetAttrPos": true, "__warn": true, "__zipAttrsWith": true,
}
