package embed

// Kind is what a piece of text is, for highlighting.
type Kind uint8

// The kinds.
const (
	Keyword Kind = iota
	Comment
	String
	Number
	Function
	Variable
	Property
)

// Token is a highlighted piece of a text.
type Token struct {
	Start, End int
	Kind       Kind
}

// Symbol is something that a text defines.
type Symbol struct {
	Name                   string
	Start, End             int
	NameStart, NameEnd     int
	Function, Class, Field bool
}

// Problem is a syntax error.
type Problem struct {
	Start, End int
	Msg        string
}

// Result is what is known about a text. Offsets are those of the text.
type Result struct {
	Tokens   []Token
	Folds    [][2]int
	Symbols  []Symbol
	Problems []Problem
}
