// Package formatter formats Nix source text in the one standard way, that of
// RFC 166, exactly like nixfmt 1.2.0.
//
// It works in three steps:
//
//   - trivia attaches comments and blank lines to tokens: what stands on the
//     line of a token after it, and what stands before it;
//   - the printer walks the syntax tree and makes a document: a flat sequence of
//     texts and spacings, bracketed into groups. The rules of the format are its
//     methods;
//   - the layout decides which groups go on one line, and writes the text.
//
// The language of documents:
//
//   - A space is a blank on one line and a line break in an expanded group; a
//     break is nothing or a line break. Their soft forms break the line only
//     where what follows does not fit. Hard spaces and line breaks are fixed.
//   - A group is on one line or expanded. What is expanded is expanded wholly,
//     except for the groups within it.
//   - When a group does not fit on a line, the layout first tries to expand only
//     one of the priority groups in it, the last one that does, so that
//     `f a { ... }` can be a line with an open brace at its end. A transparent
//     group is one that lends its priority groups to the group around it.
//   - Texts know how deeply they are nested. What starts on one line together
//     is indented one step together, however many levels it opens.
//   - A lone text is what a group with only that text would be. Items that are
//     written as they are to be are lone texts as a whole, however many tokens
//     they have; most items are.
//   - Comments take no part in what fits. Optional texts, such as the comma
//     after the last formal, exist only in expanded groups.
//
// A comment can move to a place from where it would move again when the result is
// read. The printer and the layout notice that, and then the result is formatted
// once more, until it stays. That is rare, and no other file is formatted twice.
//
// The width of a line counts without its indentation. Since what fits then
// depends on where on its line something starts only, the layout can tell what a
// trial expansion comes to without writing it, and takes time linear in the size
// of the text.
package formatter
