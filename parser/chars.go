package parser

import "gonix.dev/gonix/parser/ast"

// Properties of bytes, by which runs are scanned.
const (
	isIdent  = 1 << iota // may continue an identifier
	isPath               // may be part of a path segment
	isURL                // may follow the colon of a URL
	isScheme             // may continue the scheme of a URL
	isSpace              // separates tokens
	isDigit              // 0-9
	isPlain              // stands for itself inside "strings"
	isIndRun             // stands for itself inside ''strings''
)

// What a token that starts with a byte may be.
const (
	startIllegal = iota
	startSpace
	startIdent
	startDigit
	startSingle // one byte, always the same token
	startDot
	startPlus
	startMinus
	startSlash
	startTilde
	startLess
	startGreater
	startEq
	startNot
	startAnd
	startOr
	startQuote
	startTick
	startDollar
	startHash
)

var (
	props  [256]uint8
	starts [256]uint8
	// single maps bytes of class startSingle to their token.
	single = [256]ast.TokenKind{
		'{': ast.LBRACE, '}': ast.RBRACE, '[': ast.LBRACKET, ']': ast.RBRACKET,
		'(': ast.LPAREN, ')': ast.RPAREN, ',': ast.COMMA, ':': ast.COLON,
		';': ast.SEMI, '@': ast.AT, '?': ast.QUESTION, '*': ast.STAR,
	}
)

// The tables are computed once; they never change after.
var _ = fillTables()

func fillTables() bool {
	set := func(bit uint8, chars string) {
		for i := 0; i < len(chars); i++ {
			props[chars[i]] |= bit
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits = "0123456789"
	set(isIdent, letters+digits+"_'-")
	set(isPath, letters+digits+"._-+")
	set(isURL, letters+digits+"%/?:@&=+$,-_.!~*'")
	set(isScheme, letters+digits+"+-.")
	set(isSpace, " \t\r\n")
	set(isDigit, digits)
	for c := range 256 {
		switch c {
		case '"', '\\', '$', '\r', 0:
		default:
			props[c] |= isPlain
		}
		switch c {
		case '\'', '$', 0:
		default:
			props[c] |= isIndRun
		}
		if single[c] != 0 {
			starts[c] = startSingle
		}
	}
	start := func(class uint8, chars string) {
		for i := 0; i < len(chars); i++ {
			starts[chars[i]] = class
		}
	}
	start(startIdent, letters+"_")
	start(startDigit, digits)
	start(startSpace, " \t\r\n")
	for c, class := range map[byte]uint8{
		'.': startDot, '+': startPlus, '-': startMinus, '/': startSlash, '~': startTilde,
		'<': startLess, '>': startGreater, '=': startEq, '!': startNot, '&': startAnd,
		'|': startOr, '"': startQuote, '\'': startTick, '$': startDollar, '#': startHash,
	} {
		starts[c] = class
	}
	return true
}
