package builtins

import (
	"gonix.dev/gonix/eval"
	"gonix.dev/gonix/store/hash"
)

func hashes() []eval.Builtin {
	return []eval.Builtin{
		op2("hashString", 0, hashString),
		op2("hashFile", 0, hashFile),
		op1("convertHash", 0, convertHash),
	}
}

func hashAlgo(st *eval.State, a eval.Value, pos eval.Pos, builtin string) (hash.Algo, *eval.Error) {
	name, err := st.ForceStringNoContext(a, pos, argument(1, builtin))
	if err != nil {
		return 0, err
	}
	algo, aerr := hash.ParseAlgo(name)
	if aerr != nil {
		return 0, st.Errorf(eval.ErrEval, pos, "unknown hash algorithm '%s', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'", name)
	}
	return algo, nil
}

func hashString(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	algo, err := hashAlgo(st, a, pos, "hashString")
	if err != nil {
		return eval.Value{}, err
	}
	s, _, err := st.ForceString(b, pos, "while evaluating the second argument passed to builtins.hashString")
	if err != nil {
		return eval.Value{}, err
	}
	return eval.String(hash.Format(hash.SumString(algo, s), hash.Base16)), nil
}

func hashFile(st *eval.State, pos eval.Pos, a, b eval.Value) (eval.Value, *eval.Error) {
	algo, err := hashAlgo(st, a, pos, "hashFile")
	if err != nil {
		return eval.Value{}, err
	}
	p, err := realisePath(st, b, pos)
	if err != nil {
		return eval.Value{}, err
	}
	if err := mayRead(st, p, pos); err != nil {
		return eval.Value{}, err
	}
	text, ferr := st.Options().World.ReadFile(p)
	if ferr != nil {
		return eval.Value{}, st.FileError(ferr, p, pos)
	}
	return eval.String(hash.Format(hash.Sum(algo, text), hash.Base16)), nil
}

func convertHash(st *eval.State, pos eval.Pos, a eval.Value) (eval.Value, *eval.Error) {
	set, err := st.ForceAttrs(a, pos, "while evaluating the first argument passed to builtins.convertHash")
	if err != nil {
		return eval.Value{}, err
	}
	get := func(name string, required bool) (string, bool, *eval.Error) {
		at := set.GetAttr(st.Sym(name))
		if at.Value == nil {
			if required {
				return "", false, st.MissingAttr(set, name, 0).AddTrace(0, "while locating the attribute '%s'", name)
			}
			return "", false, nil
		}
		s, err := st.ForceStringNoContext(*at.Value, at.Pos, "while evaluating the attribute '"+name+"'")
		return s, true, err
	}
	text, _, err := get("hash", true)
	if err != nil {
		return eval.Value{}, err
	}
	var algo hash.Algo
	if name, ok, err := get("hashAlgo", false); err != nil {
		return eval.Value{}, err
	} else if ok {
		var aerr error
		if algo, aerr = hash.ParseAlgo(name); aerr != nil {
			return eval.Value{}, st.StoreError(aerr, pos)
		}
	}
	format, _, err := get("toHashFormat", true)
	if err != nil {
		return eval.Value{}, err
	}
	enc, eerr := hash.ParseEncoding(format)
	if eerr != nil {
		return eval.Value{}, st.StoreError(eerr, pos)
	}
	if format == "base32" {
		st.Warn(`"base32" is a deprecated alias for hash format "nix32".`)
	}
	h, herr := hash.Parse(text, algo)
	if herr != nil {
		return eval.Value{}, st.StoreError(herr, pos)
	}
	return eval.String(hash.Format(h, enc)), nil
}
