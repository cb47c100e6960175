package analysis

var syntaxRule = &Rule{
	Code:     "syntax-error",
	Severity: Error,
	Summary:  "The text is not valid Nix.",
	check: func(p *pass) {
		for _, e := range p.file.Errors {
			p.report(Diagnostic{Span: e.Span, Msg: e.Msg})
		}
	},
}
