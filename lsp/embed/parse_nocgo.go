//go:build !cgo

package embed

// Parse knows nothing in builds without cgo.
func Parse(Language, Content) Result { return Result{} }

// Available reports whether this build understands the languages.
const Available = false
