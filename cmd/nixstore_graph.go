package cmd

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"gonix.dev/gonix/store"
)

// printTree prints the references of a path below it. A path that was printed
// before is not unfolded again.
func (n *nixStore) printTree(ctx context.Context, p store.Path, first, rest string, done map[store.Path]bool) error {
	name := n.store.StoreDir().Format(p)
	if done[p] {
		fmt.Fprintf(n.env.Stdout, "%s%s [...]\n", first, name)
		return nil
	}
	done[p] = true
	fmt.Fprintf(n.env.Stdout, "%s%s\n", first, name)
	info, err := n.store.QueryPathInfo(ctx, p)
	if err != nil {
		return err
	}
	// What others refer to comes first: that keeps the tree flat.
	sorted, err := sortByReferences(ctx, n.store, info.References)
	if err != nil {
		return err
	}
	for i, ref := range sorted {
		conn, line := "├───", "│   "
		if i == len(sorted)-1 {
			conn, line = "└───", "    "
		}
		if err := n.printTree(ctx, ref.Path, rest+conn, rest+line, done); err != nil {
			return err
		}
	}
	return nil
}

// walk calls node for each path in the closures of paths, in order of names.
func (n *nixStore) walk(ctx context.Context, paths []store.Path, node func(*store.PathInfo)) error {
	todo := store.SortPaths(paths)
	seen := map[store.Path]bool{}
	for len(todo) > 0 {
		p := todo[0]
		todo = todo[1:]
		if seen[p] {
			continue
		}
		seen[p] = true
		info, err := n.store.QueryPathInfo(ctx, p)
		if err != nil {
			return err
		}
		node(info)
		todo = store.SortPaths(slices.Concat(todo, info.References))
	}
	return nil
}

// printDot prints the graph of references for Graphviz.
func (n *nixStore) printDot(ctx context.Context, paths []store.Path) error {
	colours := []string{"black", "red", "green", "blue", "magenta", "burlywood"}
	edges := 0
	out := n.env.Stdout
	fmt.Fprintln(out, "digraph G {")
	err := n.walk(ctx, paths, func(i *store.PathInfo) {
		fmt.Fprintf(out, "\"%s\" [label = \"%s\", shape = box, style = filled, fillcolor = \"#ff0000\"];\n", i.Path, i.Path.Name())
		for _, r := range i.References {
			if r != i.Path {
				fmt.Fprintf(out, "\"%s\" -> \"%s\" [color = \"%s\"];\n", r, i.Path, colours[edges%len(colours)])
				edges++
			}
		}
	})
	fmt.Fprintln(out, "}")
	return err
}

// printGraphML prints the graph of references as GraphML.
func (n *nixStore) printGraphML(ctx context.Context, paths []store.Path) error {
	out := n.env.Stdout
	fmt.Fprint(out, "<?xml version='1.0' encoding='utf-8'?>\n"+
		"<graphml xmlns='http://graphml.graphdrawing.org/xmlns'\n"+
		"    xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'\n"+
		"    xsi:schemaLocation='http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd'>\n"+
		"<key id='narSize' for='node' attr.name='narSize' attr.type='long'/>"+
		"<key id='name' for='node' attr.name='name' attr.type='string'/>"+
		"<key id='type' for='node' attr.name='type' attr.type='string'/>"+
		"<graph id='G' edgedefault='directed'>\n")
	err := n.walk(ctx, paths, func(i *store.PathInfo) {
		typ := "output-path"
		if i.Path.IsDerivation() {
			typ = "derivation"
		}
		// Nix takes the name up to its first dash, and nothing if it has none.
		name := i.Path.Name()[:strings.IndexByte(i.Path.Name(), '-')+1]
		fmt.Fprintf(out, "  <node id=\"%s\">\n    <data key=\"narSize\">%d</data>\n    <data key=\"name\">%s</data>\n    <data key=\"type\">%s</data>\n  </node>\n",
			i.Path, i.NarSize, escapeXML(name), typ)
		for _, r := range i.References {
			if r != i.Path {
				fmt.Fprintf(out, "  <edge source=\"%s\" target=\"%s\"/>\n", i.Path, r)
			}
		}
	})
	fmt.Fprint(out, "</graph>\n</graphml>\n")
	return err
}

func escapeXML(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}
