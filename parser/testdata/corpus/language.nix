# Every construct of the language at least once.
{ lib ? import <nixpkgs/lib>, stdenv, name, version ? "1.0", ... }@args:

let
  inherit (lib) optional concatMapStringsSep "quoted";
  inherit name;
  a.b.c = 1;
  a.b.d = -2.5e-3 + .5 * 1.;
  a."e f".${"g"} = null;
  or = x: y: x || y && !x -> y;
  __functor = self: { x, y ? x, }: [ x y (x + y) self.z or 3 ];
  /** Documentation of a function. */
  compare = a: b: a < b || a >= b && a == b -> a != (a <= b);
  old = let { x = 1; body = x; };
  pos = __curPos;
in
assert args ? name && !(args ? ${version}."x");
with rec { p = ./.; q = ../${name}/x+y; r = /etc/${version}.conf; s = ~/.config; t = a/b; };

stdenv.mkDerivation (args // {
  inherit name version;
  url = http://example.org/~user/file?a=b&c;
  src = if lib.versionOlder version "2" then p else q;
  list = [ 1 2 3 ] ++ [ (map or [ ]) ] ++ optional (a ? b.c) "x";
  "string ${version}" = "tab\t newline\n dollar $ $$ \${no} ${"nested ${name}"} \"";
  script = ''
    if [ -n "''${HOME:-}" ]; then
      echo ${name} $HOME '''quoted''' ''\t $${x}

        indented further
    fi
  '';
  one = ''one line'';
  empty = '''';
  ${if true then "dynamic" else null} = /* block */ { };
})
