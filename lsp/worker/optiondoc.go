package worker

import (
	"regexp"
	"strings"

	"gonix.dev/gonix/eval"
)

// description returns the description of an option as Markdown. Those of old are
// DocBook; those of today have roles such as {option}`a.b`.
func (e *evaluator) description(opt *eval.Attrs) string {
	text := e.text(opt, "description")
	if text == "" {
		if set := e.sub(opt, "description"); set != nil {
			text = e.text(set, "text")
		}
	}
	return markdown(text)
}

var (
	role     = regexp.MustCompile("\\{(?:option|file|command|var|env|manpage|tool|service|program)\\}`")
	code     = regexp.MustCompile(`</?(?:literal|option|command|filename|varname|envar|code|replaceable|constant|function)[^<>]*>`)
	emphasis = regexp.MustCompile(`</?(?:emphasis|firstterm)[^<>]*>`)
	item     = regexp.MustCompile(`\s*<listitem[^<>]*>\s*(?:<(?:para|simpara)>)?\s*`)
	para     = regexp.MustCompile(`\s*</?(?:para|simpara|itemizedlist|orderedlist|note|warning|important|variablelist|tip|caution)[^<>]*>\s*`)
	listing  = regexp.MustCompile(`\s*<(?:programlisting|screen)[^<>]*>\s*(?:<!\[CDATA\[)?\n?`)
	unlist   = regexp.MustCompile(`(?:\]\]>)?\s*</(?:programlisting|screen)>\s*`)
	link     = regexp.MustCompile(`<link[^<>]*href="([^"]*)"[^<>]*/>`)
	ulink    = regexp.MustCompile(`<u?link[^<>]*(?:href|url)="([^"]*)"[^<>]*>(.*?)</u?link>`)
	xref     = regexp.MustCompile(`<xref linkend="(?:opt-)?([^"]*)"[^<>]*/>`)
	anyTag   = regexp.MustCompile(`</?[a-z]+(?: [^<>]*)?/?>`)
	blank    = regexp.MustCompile(`\n\s*\n(?:\s*\n)+`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&apos;", "'")
)

func markdown(text string) string {
	text = role.ReplaceAllString(strings.TrimSpace(text), "`")
	if !anyTag.MatchString(text) {
		return text
	}
	text = code.ReplaceAllString(text, "`")
	text = emphasis.ReplaceAllString(text, "*")
	text = item.ReplaceAllString(text, "\n- ")
	text = listing.ReplaceAllString(text, "\n\n```\n")
	text = unlist.ReplaceAllString(text, "\n```\n\n")
	text = para.ReplaceAllString(text, "\n\n")
	text = ulink.ReplaceAllString(text, "[$2]($1)")
	text = link.ReplaceAllString(text, "<$1>")
	text = xref.ReplaceAllString(text, "`$1`")
	// Addresses in angle brackets stay; tags that nobody expects go.
	text = anyTag.ReplaceAllString(text, "")
	return strings.TrimSpace(entities.Replace(blank.ReplaceAllString(text, "\n\n")))
}
