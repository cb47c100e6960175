// Package modules reads files as modules of a module system, such as NixOS's,
// off their source, without evaluating anything.
//
// A [Module] is what a file, or a part of one, says as a module: the sets that
// hold its definitions, and the files that it imports. A [Step] leads from one
// option, or set of options, to what is inside of it; a path of steps leads to
// an option and on into the values it takes: names of attributes, elements of
// lists. Whether there is such an option only evaluation knows.
//
// A [System] is a call that makes a system out of modules, as far as the source
// shows it. [Reach] follows imports from some modules to a file, also through
// options whose values are modules: a file that `home-manager.users.me = import
// ./home.nix` names is a module below that option.
package modules
