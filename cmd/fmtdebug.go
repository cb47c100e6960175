package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"gonix.dev/gonix/formatter"
	"gonix.dev/gonix/parser"
	"gonix.dev/gonix/parser/ast"
	"gonix.dev/gonix/parser/print"
)

// fmtDebug does what nixfmt's --ast and --ir do: it shows what files are on their
// way through the formatter, and changes none.
func fmtDebug(env *Env, o fmtOptions, args []string) error {
	if len(args) == 0 {
		args = []string{"-"}
	}
	var failed error
	for _, name := range args {
		text, err := o.debug(env, name)
		if err != nil {
			failed = o.failed(env, err)
			continue
		}
		if _, err := env.Stdout.Write(text); err != nil {
			return err
		}
	}
	return failed
}

func (o *fmtOptions) debug(env *Env, name string) ([]byte, error) {
	var src []byte
	var err error
	if name == "-" {
		name = o.stdinName()
		if src, err = io.ReadAll(env.Stdin); err != nil {
			err = fmt.Errorf("read standard input: %w", err)
		}
	} else if src, err = os.ReadFile(inDir(env, name)); err != nil {
		err = pathError(name, err)
	}
	if err != nil {
		return nil, err
	}
	file := parser.Parse(name, string(src), parser.KeepTokens|parser.PipeOperators)
	doc, err := formatter.Document(file, o.options())
	if err != nil || o.ir {
		return []byte(doc), err
	}
	return syntaxTree(file)
}

// syntaxTree returns the tree of a file as indented JSON.
func syntaxTree(file *ast.File) ([]byte, error) {
	tree, err := print.JSON(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, tree, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
