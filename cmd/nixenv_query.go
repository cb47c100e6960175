package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	versions "gonix.dev/gonix/eval/version"
	"gonix.dev/gonix/store"
	"gonix.dev/gonix/store/local"
)

// query lists packages: those that are installed, or with --available those that
// could be.
func (u *userEnv) query(ctx context.Context, file string, selectors []string) error {
	var els, others []envElement
	var err error
	switch {
	case u.offers && u.attrs:
		els, err = u.available(file, selectors, true)
	case u.offers:
		els, err = u.offered(file, nil)
	default:
		els, err = u.installed()
	}
	if err != nil {
		return err
	}
	if !u.attrs {
		if els, err = selected(els, selectors); err != nil {
			return err
		}
	}
	if u.compare {
		if u.offers {
			others, err = u.installed()
		} else {
			others, err = u.offered(file, nil)
		}
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(els, func(a, b envElement) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	var marks map[string]string
	if u.status || u.prebuilt {
		if marks, err = u.states(ctx, els); err != nil {
			return err
		}
		if u.prebuilt {
			els = slices.DeleteFunc(els, func(el envElement) bool { return strings.HasSuffix(marks[el.OutPath], "--") })
		}
	}
	switch {
	case u.json:
		return u.queryJSON(els)
	case u.xml:
		return u.queryXML(els)
	}
	var table [][]string
	for _, el := range els {
		var row []string
		if u.status {
			row = append(row, marks[el.OutPath])
		}
		table = append(table, append(row, u.columns(el, others)...))
	}
	printColumns(u.env, table)
	return nil
}

// selected are the packages that selectors name; without any all.
func selected(els []envElement, selectors []string) ([]envElement, error) {
	if len(selectors) == 0 {
		return els, nil
	}
	wanted := make([]bool, len(els))
	for _, sel := range selectors {
		matches, err := selectorOf(sel)
		if err != nil {
			return nil, err
		}
		hit := sel == "*"
		for i, el := range els {
			if matches(el.Name) {
				wanted[i], hit = true, true
			}
		}
		if !hit {
			return nil, fmt.Errorf("selector '%s' matches no derivations", sel)
		}
	}
	var out []envElement
	for i, el := range els {
		if wanted[i] {
			out = append(out, el)
		}
	}
	return out, nil
}

// states says of packages, by their output paths, whether they are installed (I),
// present (P) and substitutable (S).
func (u *userEnv) states(ctx context.Context, els []envElement) (map[string]string, error) {
	paths := make([]store.Path, len(els))
	for i, el := range els {
		var err error
		if paths[i], err = u.eval.storeDir().Parse(el.OutPath); err != nil {
			return nil, err
		}
	}
	valid, err := u.eval.store.QueryValidPaths(ctx, paths)
	if err != nil {
		return nil, err
	}
	substitutable, err := u.substitutable(ctx, paths)
	if err != nil {
		return nil, err
	}
	have, err := u.installed()
	if err != nil {
		return nil, err
	}
	installed := map[store.Path]bool{}
	for _, el := range have {
		if p, err := u.eval.storeDir().Parse(el.OutPath); err == nil {
			installed[p] = true
		}
	}
	marks := map[string]string{}
	for i, p := range paths {
		s := []byte("---")
		for k, set := range []map[store.Path]bool{installed, valid, substitutable} {
			if set[p] {
				s[k] = "IPS"[k]
			}
		}
		marks[els[i].OutPath] = string(s)
	}
	return marks, nil
}

// columns are those of a package that --query was asked for.
func (u *userEnv) columns(el envElement, others []envElement) []string {
	var row []string
	add := func(wanted bool, text string) {
		if wanted {
			row = append(row, text)
		}
	}
	add(u.keep, el.attr)
	add(!u.noName, el.Name)
	add(u.compare, comparedWith(el, others))
	add(u.system, el.System)
	add(u.drvPath, firstOf(el.DrvPath, "-"))
	if u.outPath {
		var outs []string
		for _, o := range sortedOutputs(el) {
			if o.Name == "out" {
				outs = append(outs, o.Path)
			} else {
				outs = append(outs, o.Name+"="+o.Path)
			}
		}
		row = append(row, strings.Join(outs, ";"))
	}
	var description string
	json.Unmarshal(el.Meta["description"], &description)
	add(u.description, description)
	return row
}

func sortedOutputs(el envElement) []envOutput {
	outs := slices.Clone(el.Outputs)
	slices.SortFunc(outs, func(a, b envOutput) int { return strings.Compare(a.Name, b.Name) })
	return outs
}

// comparedWith says how a package's version compares with the others of its name.
func comparedWith(el envElement, others []envElement) string {
	base, version := splitPackageName(el.Name)
	sign, than := "-", "?"
	for _, o := range others {
		b, v := splitPackageName(o.Name)
		if b != base {
			continue
		}
		switch d := versions.Compare(version, v); {
		case d < 0:
			sign, than = "<", v
		case d == 0 && sign != "<":
			sign, than = "=", v
		case d > 0 && sign != "<" && sign != "=" && (sign == "-" || versions.Compare(than, v) < 0):
			sign, than = ">", v
		}
	}
	return sign + " " + than
}

func (u *userEnv) queryJSON(els []envElement) error {
	all := map[string]any{}
	for _, el := range els {
		pname, version := splitPackageName(el.Name)
		outs := map[string]any{}
		for _, o := range el.Outputs {
			outs[o.Name] = nil
			if u.outPath {
				outs[o.Name] = o.Path
			}
		}
		one := map[string]any{"name": el.Name, "pname": pname, "version": version, "system": el.System, "outputName": el.Output, "outputs": outs}
		if u.drvPath && el.DrvPath != "" {
			one["drvPath"] = el.DrvPath
		}
		if u.meta {
			one["meta"] = el.Meta
		}
		all[el.attr] = one
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := u.env.Stdout.Write(b.Bytes())
	return err
}

func (u *userEnv) queryXML(els []envElement) error {
	var b strings.Builder
	attr := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, " %s=\"", name)
			xml.EscapeText(&b, []byte(value))
			b.WriteString("\"")
		}
	}
	b.WriteString("<?xml version='1.0' encoding='utf-8'?>\n<items>\n")
	for _, el := range els {
		pname, version := splitPackageName(el.Name)
		b.WriteString("  <item")
		attr("attrPath", el.attr)
		if u.description {
			var text string
			json.Unmarshal(el.Meta["description"], &text)
			attr("description", text)
		}
		if u.drvPath {
			attr("drvPath", el.DrvPath)
		}
		attr("name", el.Name)
		attr("outputName", el.Output)
		attr("pname", pname)
		attr("system", el.System)
		attr("version", version)
		b.WriteString(">\n")
		for _, o := range sortedOutputs(el) {
			b.WriteString("    <output")
			attr("name", o.Name)
			if u.outPath {
				attr("path", o.Path)
			}
			b.WriteString(" />\n")
		}
		b.WriteString("  </item>\n")
	}
	b.WriteString("</items>\n")
	_, err := fmt.Fprint(u.env.Stdout, b.String())
	return err
}

// printColumns prints a table with two spaces between columns.
func printColumns(env *Env, rows [][]string) {
	var widths []int
	for _, r := range rows {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, cell := range r {
			b.WriteString(cell)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len(cell)+2))
			}
		}
		fmt.Fprintln(env.Stdout, b.String())
	}
}

// substitutable finds out which paths substituters have, of those that like to be
// asked for many.
func (u *userEnv) substitutable(ctx context.Context, paths []store.Path) (map[store.Path]bool, error) {
	st := newStores(u.env, u.eval.settings, local.Warn)
	defer st.Close()
	sub, err := st.substituter()
	if err != nil {
		return nil, err
	}
	found := map[store.Path]bool{}
	for _, c := range sub.Origins {
		if err := c.Init(ctx); err != nil {
			warnf(u.env, "%v", err)
			continue
		}
		if !c.WantMassQuery() {
			continue
		}
		have, err := c.QueryValidPaths(ctx, paths)
		if err != nil {
			warnf(u.env, "%v", err)
			continue
		}
		for p := range have {
			found[p] = true
		}
	}
	return found, nil
}
