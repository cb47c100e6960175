package ast

// Token is one lexical token.
type Token struct {
	Kind TokenKind
	Span
}

// TokenKind is the kind of a [Token].
type TokenKind uint8

// The kinds of token.
const (
	EOF TokenKind = iota
	Illegal

	IDENT
	INT
	FLOAT
	URL       // bare URL literal
	PATH      // path text; an interpolated path is PATH (DOLLAR_CURLY .. RBRACE PATH?)* PATH_END
	PATH_END  // empty token that ends an interpolated path
	SPATH     // <nixpkgs/lib>
	STR_OPEN  // " or ''
	STR_CLOSE // the same
	STR_TEXT  // raw text inside a string, escapes included

	// Keywords.
	IF
	THEN
	ELSE
	ASSERT
	WITH
	LET
	IN
	REC
	INHERIT
	OR_KW // `or`, which is an identifier in most places

	// Punctuation.
	LBRACE
	RBRACE
	LBRACKET
	RBRACKET
	LPAREN
	RPAREN
	DOLLAR_CURLY // ${
	DOT
	ELLIPSIS
	COMMA
	COLON
	SEMI
	AT
	QUESTION
	ASSIGN

	// Operators.
	PLUS
	MINUS
	STAR
	SLASH
	NOT
	CONCAT     // ++
	UPDATE     // //
	LESS       // <
	LESS_EQ    // <=
	GREATER    // >
	GREATER_EQ // >=
	EQ         // ==
	NOT_EQ     // !=
	AND        // &&
	OR         // ||
	IMPL       // ->
	PIPE_RIGHT // |>
	PIPE_LEFT  // <|
)
