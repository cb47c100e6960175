package shell

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func runScript(t *testing.T, script string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	dir := t.TempDir()
	code := Main(context.Background(), World{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Dir: dir,
		Env: []string{"PATH=/path-not-set", "TMPDIR=" + dir},
	}, []string{"sh", "-e", "-c", script})
	return out.String(), code
}

// scripts are run by this shell and, where there is one, by the machine's; both
// must print the same.
var scripts = []struct{ name, script, want string }{
	{"files", "mkdir -p a/b; echo 1 >a/b/f; cp -r a c; mv c/b/f c/g; ln -s g c/l; cat c/l; rm -r a; ls c", "1\nb\ng\nl\n"},
	{"modes", "echo >x; chmod 644 x; chmod a+x x; test -x x && echo yes", "yes\n"},
	{"head", "seq 20 | head -n 3; seq 20 | tail -n 2; seq 5 | head -2; seq 5 | tail -n +4", "1\n2\n3\n19\n20\n1\n2\n4\n5\n"},
	{"sort", "printf 'b\\na\\nc\\na\\n' | sort -u; printf '10\\n9\\n' | sort -n; printf '1 b\\n2 a\\n' | sort -k2", "a\nb\nc\n9\n10\n2 a\n1 b\n"},
	{"uniq", "printf 'a\\na\\nb\\n' | uniq -d", "a\n"},
	{"tr", "echo hello | tr a-y b-z; echo aabb | tr -s a; echo x1y2 | tr -d 0-9; echo abc | tr '[:lower:]' '[:upper:]'", "ifmmp\nabb\nxy\nABC\n"},
	{"cut", "echo a:b:c | cut -d: -f1,3; echo abcdef | cut -c2-4", "a:c\nbcd\n"},
	{"grep", "printf 'foo\\nbar\\nbaz\\n' | grep ba; printf 'a.c\\nabc\\n' | grep -F a.c; echo no | grep -q yes || echo none; printf 'aa\\nb\\n' | grep -c a; echo 'x+y' | grep 'x+y'; echo xxy | grep -E '^x+y$'; echo xxy | grep '^x\\+y$'", "bar\nbaz\na.c\nnone\n1\nx+y\nxxy\nxxy\n"},
	{"sed", "echo hello | sed 's/l/L/'; echo hello | sed 's/l/L/g'; seq 5 | sed -n 2,3p; seq 3 | sed 2d; echo ab | sed 's/\\(a\\)\\(b\\)/\\2\\1/'; echo ab | sed -E 's/(a)(b)/[&]\\2/'; seq 3 | sed '$d'; seq 4 | sed '/2/,/3/d'; echo /a/b | sed 's|/a|/x|'; printf 'a\\nb\\n' | sed -e 's/a/1/' -e 's/b/2/'", "heLlo\nheLLo\n2\n3\n1\n3\nba\n[ab]b\n1\n2\n1\n4\n/x/b\n1\n2\n"},
	{"sed in place", "echo one >f; sed -i 's/one/two/' f; cat f", "two\n"},
	{"find", "mkdir -p d/e; echo >d/a.c; echo >d/e/b.c; echo >d/x; find d -name '*.c' | sort; find d -type d | sort; find d -name '*.c' -exec rm {} \\;; find d -type f", "d/a.c\nd/e/b.c\nd\nd/e\nd/x\n"},
	{"xargs", "echo a b c | xargs -n 2 echo; printf 'x\\ny\\n' | xargs -I{} echo '[{}]'", "a b\nc\n[x]\n[y]\n"},
	{"names", "basename /a/b.c .c; dirname /a/b; basename /a/b/", "b\n/a\nb\n"},
	{"install", "echo hi >f; install -D -m 644 f x/y/z; cat x/y/z; install -d q; test -d q && echo dir", "hi\ndir\n"},
	{"wc", "printf 'a b\\nc\\n' | wc -l | tr -d ' '; printf 'a b\\nc\\n' | wc -w | tr -d ' '", "2\n3\n"},
	{"tee", "echo x | tee f; cat f", "x\nx\n"},
	{"here", "cat <<E\na $((1+2))\nE", "a 3\n"},
	{"functions", "f() { local y=$1; echo \"$y!\"; }; f hi; for i in 1 2; do f $i; done; case abc in a*) echo case;; esac", "hi!\n1!\n2!\ncase\n"},
	{"expand", "x=foo.tar.gz; echo ${x%%.*} ${x#*.} ${y:-def} ${#x}", "foo tar.gz def 10\n"},
	{"touch", "touch a b; ls; rm -f a nothing; ls", "a\nb\nb\n"},
	{"link", "echo 1 >a; ln -s a b; ln -sf c b; readlink b", "c\n"},
	{"umask", "umask", "0022\n"},
}

func TestScripts(t *testing.T) {
	real, err := exec.LookPath("bash")
	for _, tt := range scripts {
		t.Run(tt.name, func(t *testing.T) {
			got, code := runScript(t, tt.script)
			if code != 0 {
				t.Fatalf("exit status %d\n%s", code, got)
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if err == nil {
				cmd := exec.Command(real, "-e", "-c", "umask 022;"+tt.script)
				cmd.Dir = t.TempDir()
				cmd.Env = append(os.Environ(), "LC_ALL=C")
				out, err := cmd.CombinedOutput()
				if err != nil || string(out) != tt.want {
					t.Errorf("bash says %v %q", err, out)
				}
			}
		})
	}
}

func TestStatus(t *testing.T) {
	for script, want := range map[string]int{
		"exit 7": 7, "false": 1, "false; true": 1, "nonsense": 127, "grep": 2, "cp x": 2, "cat absent": 1,
		"true | false": 1, "if": 2, "set +e; false; true": 0, "head -x": 2,
	} {
		if got, code := runScript(t, script); code != want {
			t.Errorf("%q: exit status %d, want %d: %s", script, code, want, got)
		}
	}
}
