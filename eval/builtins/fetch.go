package builtins

import (
	"path"
	"strings"

	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/eval/flakeref"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/hash"
)

// The fetchers check their arguments as Nix does, and know a result that is in
// the store already when its hash is given. Fetching itself is yet to come.

func fetchers() []eval.Builtin {
	list := global(
		op1("fetchTarball", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			return fetchURL(st, pos, a, "fetchTarball")
		}),
		op1("fetchGit", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
			return fetchTree(st, pos, a, "fetchGit")
		}),
		op1("fetchMercurial", 0, fetchMercurial),
	)
	list = append(list, op1("fetchurl", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
		return fetchURL(st, pos, a, "fetchurl")
	}))
	list = append(list, feature("fetch-tree", global(op1("fetchTree", 0, func(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
		return fetchTree(st, pos, a, "fetchTree")
	}))...)...)
	return append(list, feature("fetch-closure", op1("fetchClosure", 0, fetchClosure))...)
}

// cannotFetch is the error where fetching would begin.
func cannotFetch(st *eval.State, what string) *eval.Error {
	return st.Errorf(eval.ErrUnsupported, 0, "gonix cannot fetch '%s': fetchers are not supported yet", what)
}

func fetchURL(st *eval.State, pos eval.Pos, a eval.Value, who string) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	unpack := who == "fetchTarball"
	name := ""
	if unpack {
		name = "source"
	}
	var url, sum string
	hasURL, hasSum, hasName := false, false, false
	if a.Kind() == eval.KindAttrs {
		for _, at := range st.Sorted(a.AsAttrs()) {
			switch attr := st.SymName(at.Sym); attr {
			case "url":
				hasURL = true
				url, err = st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the url we should fetch")
			case "sha256":
				hasSum = true
				sum, err = st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the sha256 of the content we should fetch")
			case "name":
				hasName = true
				name, err = st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the name of the content we should fetch")
			default:
				err = st.Errorf(eval.ErrEval, 0, "unsupported argument '%s' to '%s'", attr, who)
			}
			if err != nil {
				return eval.Value{}, err
			}
		}
		if !hasURL {
			return eval.Value{}, st.Errorf(eval.ErrEval, 0, "'url' argument required")
		}
	} else if url, err = st.ForceStringNoContext(a, pos, "while evaluating the url we should fetch"); err != nil {
		return eval.Value{}, err
	}
	var expected hash.Hash
	if hasSum {
		expected = hash.FromBytes(hash.SHA256, make([]byte, hash.SHA256.Size()))
		if sum == "" {
			st.Warn("found empty hash, assuming '%s'", hash.Format(expected, hash.SRI))
		} else {
			var herr error
			if expected, herr = hash.Parse(sum, hash.SHA256); herr != nil {
				return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", herr)
			}
		}
	}
	if unpack {
		if channel, ok := strings.CutPrefix(url, "channel:"); ok {
			url = "https://channels.nixos.org/" + channel + "/nixexprs.tar.xz"
		}
	}
	if name == "" {
		name = path.Base(strings.TrimRight(url, "/"))
	}
	if cerr := store.CheckName(name); cerr != nil {
		advice := "Please pass an attribute set with 'url' and 'name' attributes to '" + who + "',  so that it can create a valid store path."
		switch {
		case hasName:
			advice = "Please change the value for the 'name' attribute passed to '" + who + "', so that it can create a valid store path."
		case a.Kind() == eval.KindAttrs:
			advice = "Please add a valid 'name' attribute to the argument for '" + who + "', so that it can create a valid store path."
		}
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "invalid store path name when fetching URL '%s': %s. %s", url, cerr, advice)
	}
	if !hasSum {
		if st.Options().Pure {
			return eval.Value{}, st.Errorf(eval.ErrRestricted, 0, "in pure evaluation mode, '%s' requires a 'sha256' argument", who)
		}
		return eval.Value{}, cannotFetch(st, url)
	}
	method := store.Flat
	if unpack {
		method = store.Recursive
	}
	p, perr := st.StoreDir().FixedOutputPath(name, method, expected, nil, false)
	if perr != nil {
		return eval.Value{}, st.StoreError(perr, 0)
	}
	full := st.StoreDir().Format(p)
	if _, lerr := st.Options().World.Lstat(full); lerr != nil {
		return eval.Value{}, cannotFetch(st, url)
	}
	return st.NewString(full, eval.NewContext(st.ContextElem(eval.ContextPath, full, "", nil))), nil
}

func fetchTree(st *eval.State, pos eval.Pos, a eval.Value, who string) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	attrs := make(flakeref.Attrs)
	isGit := who == "fetchGit"
	if a.Kind() == eval.KindAttrs {
		if attrs, err = treeAttrs(st, a.AsAttrs(), who); err != nil {
			return eval.Value{}, err
		}
	} else {
		url, _, err := st.CoerceToString(a, pos, "while evaluating the first argument passed to '"+who+"'", 0)
		if err != nil {
			return eval.Value{}, err
		}
		if !isGit {
			if !st.Options().Features["flakes"] {
				return eval.Value{}, st.Errorf(eval.ErrEval, 0, "passing a string argument to '%s' requires the 'flakes' experimental feature", who)
			}
			ref, perr := flakeref.Parse(url)
			if perr != nil {
				return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", perr)
			}
			return eval.Value{}, cannotFetchRef(st, ref)
		}
		attrs["type"], attrs["url"] = "git", url
	}
	ref, perr := flakeref.FromAttrs(attrs)
	if perr != nil {
		return eval.Value{}, st.Errorf(eval.ErrEval, 0, "%s", perr)
	}
	return eval.Value{}, cannotFetchRef(st, ref)
}

func cannotFetchRef(st *eval.State, ref *flakeref.Ref) *eval.Error {
	url, err := ref.URL()
	if err != nil {
		return st.Errorf(eval.ErrEval, 0, "%s", err)
	}
	// A relative file name is wrong whoever fetches it.
	if u, ok := ref.Attrs()["url"].(string); ok && strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "file:/") {
		return st.Errorf(eval.ErrEval, 0, "tarball '%s' must use an absolute path. The 'file' scheme does not support relative paths.", u).
			AddTrace(0, "while fetching the input '%s'", url)
	}
	return cannotFetch(st, url)
}

// treeAttrs reads the argument of fetchTree or fetchGit.
func treeAttrs(st *eval.State, set *eval.Attrs, who string) (flakeref.Attrs, *eval.Error) {
	attrs := make(flakeref.Attrs)
	isGit := who == "fetchGit"
	if isGit {
		attrs["type"] = "git"
	}
	if at := set.GetAttr(st.Sym("type")); at.Value != nil {
		if isGit {
			return nil, st.Errorf(eval.ErrEval, 0, "unexpected argument 'type'")
		}
		s, err := st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the `type` argument passed to '"+who+"'")
		if err != nil {
			return nil, err
		}
		attrs["type"] = s
	} else if !isGit {
		return nil, st.Errorf(eval.ErrEval, 0, "argument 'type' is missing in call to '%s'", who)
	}
	for _, at := range st.Sorted(set) {
		name := st.SymName(at.Sym)
		if name == "type" {
			continue
		}
		v, err := st.ForceSlot(at.Value)
		if err != nil {
			return nil, err
		}
		switch v.Kind() {
		case eval.KindPath:
			attrs[name] = v.AsPath()
		case eval.KindString:
			attrs[name] = v.AsString()
		case eval.KindBool:
			attrs[name] = v.AsBool()
		case eval.KindInt:
			if v.AsInt() < 0 {
				return nil, st.Errorf(eval.ErrEval, 0, "negative value given for '%s' argument '%s': %d", who, name, v.AsInt())
			}
			attrs[name] = uint64(v.AsInt())
		default:
			if name == "publicKeys" {
				return nil, st.RequireFeature("verified-fetches", 0)
			}
			return nil, st.Errorf(eval.ErrType, 0, "argument '%s' to '%s' is %s while a string, Boolean or integer is expected", name, who, st.ShowType(v))
		}
	}
	if _, ok := attrs["name"]; ok && !isGit {
		return nil, st.Errorf(eval.ErrEval, 0, "argument 'name' isn’t supported in call to '%s'", who)
	}
	return attrs, nil
}

func fetchMercurial(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	a, err := st.Force(a)
	if err != nil {
		return eval.Value{}, err
	}
	url := ""
	if a.Kind() == eval.KindAttrs {
		for _, at := range st.Sorted(a.AsAttrs()) {
			switch attr := st.SymName(at.Sym); attr {
			case "url":
				url, _, err = st.CoerceToString(*at.Value, at.Pos, "while evaluating the `url` attribute passed to builtins.fetchMercurial", 0)
			case "rev", "name":
				_, err = st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the `"+attr+"` attribute passed to builtins.fetchMercurial")
			default:
				err = st.Errorf(eval.ErrEval, at.Pos, "unsupported argument '%s' to 'fetchMercurial'", attr)
			}
			if err != nil {
				return eval.Value{}, err
			}
		}
		if url == "" {
			return eval.Value{}, st.Errorf(eval.ErrEval, 0, "'url' argument required")
		}
	} else if url, _, err = st.CoerceToString(a, pos, "while evaluating the first argument passed to builtins.fetchMercurial", 0); err != nil {
		return eval.Value{}, err
	}
	return eval.Value{}, cannotFetch(st, url)
}

func fetchClosure(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the argument passed to builtins.fetchClosure")
	if err != nil {
		return eval.Value{}, err
	}
	has := make(map[string]bool)
	from := ""
	for _, at := range st.Sorted(set) {
		name := st.SymName(at.Sym)
		what := "while evaluating the attribute '" + name + "' passed to builtins.fetchClosure"
		has[name] = true
		switch name {
		case "fromPath":
			from, _, err = st.CoerceToString(*at.Value, at.Pos, what, 0)
		case "toPath":
			_, _, err = st.CoerceToString(*at.Value, at.Pos, what, 0)
		case "fromStore":
			_, err = st.ForceStringNoContext(*at.Value, at.Pos, what)
		case "inputAddressed":
			has[name], err = st.ForceBool(*at.Value, at.Pos, what)
		default:
			err = st.Errorf(eval.ErrEval, 0, "attribute '%s' isn't supported in call to 'fetchClosure'", name)
		}
		if err != nil {
			return eval.Value{}, err
		}
	}
	switch {
	case !has["fromPath"]:
		err = st.Errorf(eval.ErrEval, 0, "attribute '%s' is missing in call to 'fetchClosure'", "fromPath")
	case has["inputAddressed"] && has["toPath"]:
		err = st.Errorf(eval.ErrEval, 0, "attribute '%s' is set to true, but '%s' is also set. Please remove one of them", "inputAddressed", "toPath")
	case !has["fromStore"]:
		err = st.Errorf(eval.ErrEval, 0, "attribute '%s' is missing in call to 'fetchClosure'", "fromStore")
	default:
		err = cannotFetch(st, from)
	}
	return eval.Value{}, err
}
