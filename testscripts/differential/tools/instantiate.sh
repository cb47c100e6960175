# gonix-instantiate against nix-instantiate: what they print and their status.
@-instantiate --eval -E '1 + 1'
@-instantiate --eval --expr '"a${"b"}"'
@-instantiate --eval -E '{ a = 1 + 1; b = [ (1 + 1) ]; }'
@-instantiate --eval --strict -E '{ a = 1 + 1; b = [ (1 + 1) ]; f = x: x; }'
@-instantiate --eval -E 'let x = { a = x; }; in x'
@-instantiate --eval --json -E '{ a = [ 1 2.5 null "x" ]; }'
@-instantiate --eval --json --strict -E '{ a = [ 1 2.5 null "x" ]; }'
@-instantiate --eval --json -E '"text with \"quotes\" é"'
@-instantiate --eval --xml -E '{ a = 1; b = [ true null 1.5 "<" ]; }'
@-instantiate --eval --xml --strict -E '{ a = 1; f = { x, y ? 1, ... }: x; g = a@{ x }: x; h = x: x; }'
@-instantiate --eval --xml --strict --no-location -E 'x: x'
@-instantiate --eval -A a.b -E '{ a.b = 5; }'
@-instantiate --eval -A 'a."b c".d' -E '{ a."b c".d = 5; }'
@-instantiate --eval -A l.1 -E '{ l = [ 1 2 ]; }'
@-instantiate --eval -A a -A b -E '{ a = 1; b = 2; }'
@-instantiate --eval -A missing -E '{ a = 1; }'
@-instantiate --eval -A l.7 -E '{ l = [ 1 2 ]; }'
@-instantiate --eval -A a.b -E '{ a = 1; }'
@-instantiate --eval -E '{ x, y ? 2 }: x + y' --arg x 40
@-instantiate --eval -E '{ x, y ? 2 }: [ x y ]' --argstr x 40 --arg y '1 + 1'
@-instantiate --eval --strict -E '{ x, ... }@args: args' --argstr x 1 --argstr z 2
@-instantiate --eval -E 'x: x' --arg x 1
@-instantiate --eval -E '{ x }: x'
@-instantiate --eval -A f.a -E '{ f = { n ? 1 }: { a = n; }; }'
@-instantiate --eval -A f.a -E '{ f = { n ? 1 }: { a = n; }; }' --arg n 3
@-instantiate --eval dir/inner.nix
@-instantiate --eval dir
@-instantiate --eval ./dir/function.nix
@-instantiate --eval dir/inner.nix dir
@-instantiate --eval nope.nix
echo '1 + 2' | @-instantiate --eval -
echo '1 +' | @-instantiate --eval -
@-instantiate --eval -I here=dir -E '<here/inner.nix>'
@-instantiate --eval -I here=dir -E 'import <here/inner.nix>'
@-instantiate --eval -I . -E 'import <dir/inner.nix>'
NIX_PATH=here=dir @-instantiate --eval -E 'import <here>'
NIX_PATH=there=dir:here=dir/inner.nix @-instantiate --eval -E 'import <here>'
NIX_PATH=here=dir @-instantiate --eval -I here=dir/inner.nix -E 'import <here>'
@-instantiate --eval '<here>' -I here=dir
@-instantiate --eval -E '<nowhere>'
@-instantiate --find-file here -I here=dir
@-instantiate --find-file here/inner.nix -I here=dir
@-instantiate --find-file nowhere
FROM_ENV=yes @-instantiate --eval -E 'builtins.getEnv "FROM_ENV"'
@-instantiate --parse -E '{ a, b ? 1, ... }: with a; let x = 1; in rec { inherit x; y.z = [ x (-1) "s${b}" ]; }'
@-instantiate --parse -E 'a: b: d: e: g: h: i: j: if a then b.c or d else !e ? f && g -> h // i ++ j'
@-instantiate --parse -E "''
    indented
      text
  ''"
@-instantiate --parse -E '1 +'
@-instantiate --parse dir/function.nix
@-instantiate -E 'derivation { name = "x"; system = "s"; builder = "b"; }'
@-instantiate -E 'derivation { name = "x"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; }'
@-instantiate -E '(derivation { name = "x"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; }).dev'
@-instantiate -E '{ b = derivation { name = "b"; system = "s"; builder = "b"; }; a = derivation { name = "a"; system = "s"; builder = "b"; }; }'
@-instantiate -E '[ (derivation { name = "b"; system = "s"; builder = "b"; }) ]'
@-instantiate -E '{ n = 1; a = derivation { name = "a"; system = "s"; builder = "b"; }; s.b = derivation { name = "b"; system = "s"; builder = "b"; }; }'
@-instantiate -E '{ s = { recurseForDerivations = true; b = derivation { name = "b"; system = "s"; builder = "b"; }; }; }'
@-instantiate -A a -E '{ a = derivation { name = "a"; system = "s"; builder = "b"; }; }'
@-instantiate -A a -E '{ a = 1; }'
@-instantiate -E '1'
@-instantiate -E '{ name ? "dflt" }: derivation { inherit name; system = "s"; builder = "b"; }' --argstr name given
@-instantiate --eval --strict -E 'builtins.tryEval (throw "x")'
@-instantiate --eval -E 'throw "status is 1"'
@-instantiate --eval -E 'builtins.trace "traced" 1'
@-instantiate --eval --option pure-eval true -E 'builtins.getEnv "HOME"'
@-instantiate --eval --restrict-eval -E 'builtins.readFile /etc/passwd'
@-instantiate --eval --restrict-eval -I here=dir -E 'import <here>'
@-instantiate --eval --read-write-mode -E '(derivation { name = "x"; system = "s"; builder = "b"; }).drvPath'
@-instantiate --eval --no-such-flag
@-instantiate --parse -E '{ a }@c: c'
