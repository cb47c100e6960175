// Package lsp is the language server.
//
// # Words
//
// A text is what an editor has open, or a file on disk. A snapshot
// ([document.Snapshot]) is one version of it, immutable, with everything derived
// from it computed at most once and on demand. A view is all that the server
// knows at one moment: open texts, workspace folders, settings; immutable, too.
//
// # How a message flows
//
// [Serve] reads frames through a guard that drops what is malformed (frames.go).
// Every message comes to Server.handle (dispatch.go), in the order of the wire.
// Notifications run there and replace the view. A request takes the current view
// along, lets go of the reader and computes beside others; so it sees exactly the
// edits that were sent before it. It may be cancelled while it waits and while it
// runs. A panic fails one request and no more. Only diagnostics that a client pulls are
// about the text as it is when they are ready: a key ends their search, which begins anew.
//
// # Rooms
//
// Each method of the protocol has a file named after it: it turns positions into
// offsets, asks a library package, and turns spans into ranges. What it asks:
//
//	document   snapshots, positions, memo
//	scope      what each name means
//	shape      what names hold, across files, without evaluating
//	modules    what files say as modules of a module system
//	pins       the sources that a project pins
//	analysis   diagnostics, also behind `gonix check`
//	action     quick fixes and refactorings
//	cursor     the syntax around a place
//	embed      other languages inside strings
//	config     the settings of users and their schema
//	worker     the evaluator, in a process of its own
//
// None of those knows the protocol. Which options a file sets is found out in
// optionsystem.go. What needs evaluation (values.go, option*.go, versions.go) writes the expression under the cursor with the bindings around it
// in front (evaluation.go), and asks the worker; the request gives up its slot
// meanwhile, so that static features never wait.
//
// Tests are sessions in testdata/*.txtar: files with the editor's questions in
// comments, and the answers; marker_test.go says how.
package lsp
