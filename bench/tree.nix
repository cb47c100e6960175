# Tiny derivations: a chain, a fan, and a diamond whose rows need the row above.
{ chain, fan, side }:
let
  tiny = name: deps: derivation {
    inherit name deps;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-c" "echo $deps >$out" ];
  };
  range = builtins.genList (i: i);
  name = kind: i: "${kind}-${toString i}";
  at = row: x: builtins.elemAt row (if x == side then 0 else x);
  row = above: y: map (x: tiny (name "diamond-${toString y}" x) [ (at above x) (at above (x + 1)) ]) (range side);
in
tiny "top" (
  [ (builtins.foldl' (last: i: tiny (name "chain" i) [ last ]) "start" (range chain)) ]
  ++ map (i: tiny (name "fan" i) [ ]) (range fan)
  ++ builtins.foldl' row (map (_: "start") (range side)) (range side)
)
