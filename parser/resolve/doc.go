// Package resolve answers what the names in a syntax tree mean without
// evaluating anything: which attributes a set has once its attribute paths are
// merged ([Merge]), and which definition each identifier refers to ([Resolve]).
//
// All functions are pure: the same tree gives the same answer, and trees are
// never changed.
package resolve
