package ast

// Op is a unary or binary operator.
type Op uint8

// The operators, in the order of the Nix manual's table.
const (
	OpInvalid   Op = iota
	OpNeg          // -x
	OpConcat       // ++
	OpMul          // *
	OpDiv          // /
	OpAdd          // +
	OpSub          // -
	OpNot          // !x
	OpUpdate       // //
	OpLess         // <
	OpLessEq       // <=
	OpGreater      // >
	OpGreaterEq    // >=
	OpEq           // ==
	OpNotEq        // !=
	OpAnd          // &&
	OpOr           // ||
	OpImpl         // ->
	OpPipeRight    // |>, value on the left
	OpPipeLeft     // <|, function on the left
)

var opText = [...]string{
	OpInvalid: "?", OpNeg: "-", OpConcat: "++", OpMul: "*", OpDiv: "/", OpAdd: "+", OpSub: "-",
	OpNot: "!", OpUpdate: "//", OpLess: "<", OpLessEq: "<=", OpGreater: ">", OpGreaterEq: ">=",
	OpEq: "==", OpNotEq: "!=", OpAnd: "&&", OpOr: "||", OpImpl: "->",
	OpPipeRight: "|>", OpPipeLeft: "<|",
}

// String returns the operator as written in source.
func (o Op) String() string { return opText[o] }
