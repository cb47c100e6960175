// Package worker evaluates for the language server, in a process of its own: what
// users write may loop, or take all memory there is.
//
// [Client] is the server's side; a [Pool] has one for each of the settings. It starts the process when it is first needed,
// gives it one request at a time, stops it when it takes too long or too much, and
// starts another the next time. [Run] is the process: gonix itself, called by a
// hidden verb. They exchange JSON values on standard input and output; the process
// ends when its input does, so that it cannot outlive the server.
//
// A request that nobody waits for any more is cancelled: its evaluation ends, and what
// it has computed so far stays known. Who does not obey is killed. Only loading, which
// the next request needs as well, goes on: of nixpkgs, of the systems of modules.
//
// The process keeps its evaluator between requests, so that nixpkgs is read once.
// Unsaved texts come along as an overlay over the file system. When a file that
// was read has changed, in the overlay or on disk, the evaluator starts afresh.
package worker

import (
	"gonix.dev/gonix/lsp/modules"
	"gonix.dev/gonix/lsp/pins"
)

// Guess is what positions name as the file of the texts that the server writes:
// requests' texts, and what stands for callers that nobody knows.
const Guess = "«gonix»"

// Request asks for one thing.
type Request struct {
	ID int    `json:"id"`
	Op string `json:"op"` // value, text, attrs, file; systems, options, option, check; cancel
	// Text is an expression. It may use __gonix, a set with pkgs, lib and nixos.
	Text string `json:"text,omitempty"`
	// Dir is what relative paths in Text start from.
	Dir string `json:"dir,omitempty"`
	// Path is followed from the value of Text.
	Path []string `json:"path,omitempty"`
	// File is evaluated by op file.
	File string `json:"file,omitempty"`

	// Root and Index say which module system is meant; Steps lead to an option in
	// it, and Checks are definitions to look at.
	Root   *Root          `json:"root,omitempty"`
	Index  int            `json:"index,omitempty"`
	Steps  []modules.Step `json:"steps,omitempty"`
	Checks []Check        `json:"checks,omitempty"`
	// Prefix is what wanted names begin with, ignoring case; Limit how many.
	Prefix string `json:"prefix,omitempty"`
	Limit  int    `json:"limit,omitempty"`

	// Lane is which of the process's evaluators answers: they differ in what texts
	// they see.
	Lane Lane `json:"lane,omitempty"`
	// Overlay are the texts that changed since the lane's last request; a nil text is one
	// that is the disk's again.
	Overlay map[string]*string `json:"overlay,omitempty"`

	// Settings of the evaluator; another value starts it afresh.
	Settings Settings `json:"settings"`
}

// Settings are what evaluation depends on besides files.
type Settings struct {
	NixPath []string `json:"nixPath"`
	// Nixpkgs is the expression of the packages' function: <nixpkgs> or a path.
	Nixpkgs string `json:"nixpkgs"`
	System  string `json:"system"`
	Home    string `json:"home"`
}

// Lane is an evaluator of the process.
type Lane string

// The lanes.
const (
	// Values sees every text as it is.
	Values Lane = ""
	// Options sees texts as they were when they last made sense, so that what
	// modules declare need not be evaluated at every key.
	Options Lane = "options"
)

// Root is what makes module systems.
type Root struct {
	Kind modules.Kind `json:"kind"`
	// File is evaluated for a project's own systems. If it is a flake.nix, Flakes are
	// the flake and its inputs.
	File   string                `json:"file,omitempty"`
	Flakes map[string]pins.Flake `json:"flakes,omitempty"`
	// Modules are the files of a system of a known kind; none for what there is
	// without any.
	Modules []string `json:"modules,omitempty"`
	// Source is the expression of where home-manager or nix-darwin is.
	Source string `json:"source,omitempty"`
}

// System describes a module system that a root makes.
type System struct {
	// Files are those of its modules that it lists itself.
	Files []string `json:"files"`
}

// Check is a definition to look at.
type Check struct {
	Steps []modules.Step `json:"steps"`
	// Value is the expression of the value; "" when it is not to be looked at.
	Value string `json:"value,omitempty"`
}

// Problem is what is wrong with a definition.
type Problem struct {
	// Check is the index of the definition.
	Check int `json:"check"`
	// Unknown says that there is no such option; else the value does not fit.
	Unknown bool   `json:"unknown,omitempty"`
	Msg     string `json:"msg"`
	// Near is the name that was probably meant.
	Near string `json:"near,omitempty"`
}

// Response answers a request, or says that the process begins or ends to load what
// later requests need as well.
type Response struct {
	ID       int       `json:"id"`
	Loading  *bool     `json:"loading,omitempty"`
	Error    *Failure  `json:"error,omitempty"`
	Value    *Value    `json:"value,omitempty"`
	Attrs    []Attr    `json:"attrs,omitempty"`
	More     bool      `json:"more,omitempty"` // there are more attributes than Limit
	Option   *Option   `json:"option,omitempty"`
	Systems  []System  `json:"systems,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
	// Memory is how much the process has in use, in bytes.
	Memory int64 `json:"memory,omitempty"`
}

// Failure is an evaluation error.
type Failure struct {
	Msg   string  `json:"msg"`
	Kind  string  `json:"kind"`
	Pos   *Place  `json:"pos,omitempty"`
	Trace []Frame `json:"trace,omitempty"`
}

func (f *Failure) Error() string { return f.Msg }

// Frame is a line of a trace.
type Frame struct {
	Msg string `json:"msg"`
	Pos *Place `json:"pos,omitempty"`
}

// Place is a place in a file. Lines and columns count from 1, columns in bytes.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Attr is one attribute of a set.
type Attr struct {
	Name string `json:"name"`
	// Type is the type of the value, if that is known without evaluating it.
	Type string `json:"type,omitempty"`
	// Option says that it is an option rather than a set of options.
	Option bool   `json:"option,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Choices are the values an option of few values takes, in Nix syntax.
	Choices []string `json:"choices,omitempty"`
}

// Value describes a value.
type Value struct {
	Type string `json:"type"`
	// Text is the value in Nix syntax, with its depth and length cut off.
	Text string `json:"text"`
	// Pos is where the attribute that holds it is defined.
	Pos *Place `json:"pos,omitempty"`
	// Function is where the function is written that it is.
	Function *Place `json:"function,omitempty"`
	// Formals are the arguments that a function takes out of its set.
	Formals []string `json:"formals,omitempty"`
	// Builtin is the name of the builtin that it is.
	Builtin string   `json:"builtin,omitempty"`
	Package *Package `json:"package,omitempty"`
}

// Package describes a derivation.
type Package struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Description string `json:"description"`
	Homepage    string `json:"homepage"`
	License     string `json:"license"`
	OutPath     string `json:"outPath"`
	DrvPath     string `json:"drvPath"`
	// Pos is where its file says that it is, rather than where the attribute is.
	Pos *Place `json:"pos,omitempty"`
}

// Option describes an option of a module system.
type Option struct {
	// Path are its steps, with <name> for names that users choose.
	Path string `json:"path"`
	Type string `json:"type"`
	// TypeName is the type's name in one word: bool, listOf.
	TypeName string `json:"typeName"`
	// Choices are the values an option of few values takes, in Nix syntax.
	Choices      []string `json:"choices,omitempty"`
	ReadOnly     bool     `json:"readOnly,omitempty"`
	Description  string   `json:"description"`
	Default      string   `json:"default"`
	Example      string   `json:"example"`
	Declarations []Place  `json:"declarations"`
	Definitions  []Place  `json:"definitions"`
	// Declared is a place inside of the declaration; Declarations may know no more
	// than files.
	Declared *Place `json:"declared,omitempty"`
}
