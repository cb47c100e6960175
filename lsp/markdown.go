package lsp

import "strings"

// flatHeadings turns headings into bold lines: comments of libraries are written
// for pages, and a heading of a page fills a pop-up.
func flatHeadings(text string) string {
	lines := strings.Split(text, "\n")
	fence := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			fence = trimmed[:3]
		case strings.HasPrefix(trimmed, "#"):
			title := strings.TrimLeft(trimmed, "#")
			if name := strings.TrimSpace(title); name != "" && title[0] == ' ' && len(trimmed)-len(title) <= 6 {
				lines[i] = "**" + name + "**"
			}
		}
	}
	return strings.Join(lines, "\n")
}
