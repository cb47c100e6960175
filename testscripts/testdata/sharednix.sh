# gonix and Nix take turns on one /nix/store. Run in a mount namespace of its own.
set -euo pipefail
mkdir -p nix/store nix/var
mount --bind nix /nix

fail() { echo "FAIL: $*" >&2; exit 1; }

# Both find the whole store sound, and say nothing else.
sound() {
  for tool in nix-store gonix-store; do
    $tool --verify --check-contents >verify.log 2>&1 || { cat verify.log; fail "$tool finds faults after: $1"; }
    ! grep -Ev '^(reading the Nix store|checking path existence|checking link hashes|checking store hashes|checking path hashes|checking hashes|checking path )' verify.log ||
      { cat verify.log; fail "$tool speaks after: $1"; }
  done
}

# Both answer the same questions the same.
agree() {
  for q in --references --referrers --requisites --referrers-closure --deriver --hash --size --outputs --tree --graph --roots; do
    case $q:$1 in --outputs:*.drv) ;; --outputs:*) continue ;; esac
    nix-store -q $q "$1" 2>/dev/null | sort >theirs
    gonix-store -q $q "$1" 2>/dev/null | sort >ours
    cmp -s theirs ours || { diff theirs ours; fail "-q $q $1"; }
  done
  case $1 in *.drv) return ;; esac # to Nix 2.8's path-info a derivation means its outputs
  nix path-info -Ss --sigs "$1" >theirs
  gonix path-info -Ss --sigs "$1" >ours
  diff theirs ours || fail "path-info $1"
}

cat >tree.nix <<'NIX'
{ salt ? "" }:
let
  tiny = name: deps: extra: derivation ({
    inherit name deps salt;
    system = "x86_64-linux"; builder = "/bin/sh";
    args = [ "-c" "echo building $name; /bin/mkdir $out; echo $deps >$out/deps; echo $out >$out/self" ];
  } // extra);
in rec {
  low = tiny "low" [ ] { };
  mid = tiny "mid" [ low ./data ] { };
  high = tiny "high" [ mid low ] { };
  two = tiny "two" [ ] {
    outputs = [ "out" "dev" ];
    args = [ "-c" "echo $out >$dev; echo two >$out" ];
  };
  fixed = tiny "fixed" [ ] {
    outputHash = "sha256-3WMyFDqy3nUxLTNbhgwcuo+oGlRgG9LDO7QDHvKx3dE="; outputHashMode = "flat";
    args = [ "-c" "printf fixed >$out" ];
  };
  fan = map (i: tiny "fan-${toString i}" [ ] { }) (builtins.genList (i: i) 40);
}
NIX
sum=$(printf fixed | sha256sum | cut -d' ' -f1)
sed -i "s|sha256-3WMy[^\"]*|$sum|; s|outputHashMode = \"flat\"|outputHashMode = \"flat\"; outputHashAlgo = \"sha256\"|" tree.nix
echo data >data

# Each builds on what the other has built.
nix-build -Q tree.nix -A low -o nix-low
gonix-build -Q tree.nix -A mid -o gonix-mid
nix-build -Q tree.nix -A high -o nix-high
gonix-build -Q tree.nix -A two.all -A fixed -o gonix-two
[ "$(nix-instantiate tree.nix -A high 2>/dev/null)" = "$(gonix-instantiate tree.nix -A high 2>/dev/null)" ] || fail "derivations differ"
sound "building"
for p in nix-low gonix-mid nix-high gonix-two; do agree "$(readlink $p)"; done
agree "$(nix-instantiate tree.nix -A two 2>/dev/null)"
for p in nix-low gonix-mid nix-high; do
  [ "$(nix-store -l ./$p)" = "$(gonix-store -l ./$p)" ] || fail "logs of $p"
done
# What one has built the other need not, and finds the same when it builds it again.
gonix-build --check -Q tree.nix -A low --no-out-link
nix-build --check -Q tree.nix -A mid --no-out-link
[ -z "$(gonix-build tree.nix -A high --no-out-link --dry-run 2>&1)" ] || fail "gonix would build again"
[ -z "$(nix-build tree.nix -A two.dev --no-out-link --dry-run 2>&1)" ] || fail "Nix would build again"

# Adding, by each.
added=$(nix-store --add data); [ "$(gonix-store --add data)" = "$added" ] || fail "--add differs"
echo more >more
added=$(gonix-store --add-fixed sha256 more); [ "$(nix-store --add-fixed sha256 more)" = "$added" ] || fail "--add-fixed differs"
agree "$added"

# Optimising, damage and repair.
gonix-store --optimise 2>/dev/null
sound "gonix optimises"
nix-store --optimise 2>/dev/null
sound "Nix optimises"

# Exports go both ways, into a store that has lost the path.
low=$(readlink nix-low)
nix-store --export $(nix-store -qR "$low") >low.nix.export
gonix-store --export $(gonix-store -qR "$low") >low.gonix.export
cmp low.nix.export low.gonix.export || fail "exports differ"

# Collecting: neither takes what a root of the other holds, both take the rest.
before=$(nix-store -qR nix-low gonix-mid nix-high gonix-two | sort -u)
[ "$(nix-store --gc --print-dead 2>/dev/null | sort)" = "$(gonix-store --gc --print-dead 2>/dev/null | sort)" ] || fail "they disagree on what is dead"
[ "$(nix-store --gc --print-live 2>/dev/null | sort)" = "$(gonix-store --gc --print-live 2>/dev/null | sort)" ] || fail "they disagree on what is alive"
gonix-store --gc >/dev/null 2>&1
[ "$(nix-store -qR nix-low gonix-mid nix-high gonix-two | sort -u)" = "$before" ] || fail "gonix collected what Nix holds"
[ -z "$(nix-store --gc --print-dead 2>/dev/null)" ] || fail "gonix left garbage"
sound "gonix collects"
gonix-build -Q tree.nix -A fan --no-out-link --argstr salt dead >/dev/null
nix-store --gc >/dev/null 2>&1
[ "$(gonix-store -qR nix-low gonix-mid nix-high gonix-two | sort -u)" = "$before" ] || fail "Nix collected what gonix holds"
[ -z "$(gonix-store --gc --print-dead 2>/dev/null)" ] || fail "Nix left garbage"
sound "Nix collects"

# At the same time: overlapping builds, while each also collects.
nix-build -Q tree.nix -A fan -A high -o both-nix >/dev/null 2>nix.log & one=$!
gonix-build -Q tree.nix -A fan -A high -o both-gonix >/dev/null 2>gonix.log & two=$!
nix-store --gc >/dev/null 2>&1 & three=$!
gonix-store --gc >/dev/null 2>&1 & four=$!
for p in $one $two $three $four; do wait $p || { cat nix.log gonix.log; fail "side by side"; }; done
for i in '' -2 -3 -17 -41; do [ "$(readlink both-nix$i)" = "$(readlink both-gonix$i)" ] || fail "results $i differ"; done
sound "side by side"

# Caches: each substitutes from what the other wrote, signed, into the emptied store.
mkdir keys
nix-store --generate-binary-cache-key nix-1 keys/nix.secret keys/nix.public
gonix-store --generate-binary-cache-key gonix-1 keys/gonix.secret keys/gonix.public
trusted="$(cat keys/nix.public) $(cat keys/gonix.public)"
high=$(readlink nix-high)
nix copy --to "file://$PWD/cache-nix?secret-key=$PWD/keys/nix.secret" "$high"
gonix copy --to "file://$PWD/cache-gonix?secret-key=$PWD/keys/gonix.secret" "$high" 2>/dev/null
empty() {
  rm -f nix-low nix-high gonix-mid gonix-two* both-* fetched
  nix-store --gc >/dev/null 2>&1
  [ ! -e "$high" ] || fail "not collected"
}
for pair in gonix-store:nix nix-store:gonix; do
  tool=${pair%:*} cache="file://$PWD/cache-${pair#*:}"
  empty
  ! $tool -r "$high" --option substituters "$cache" --option trusted-public-keys "" >/dev/null 2>&1 || fail "$tool took what no trusted key signed"
  $tool -r "$high" --option substituters "$cache" --option trusted-public-keys "$trusted" --add-root fetched --indirect >/dev/null 2>fetch.log ||
    { cat fetch.log; fail "$tool from $cache"; }
  sound "$tool substitutes"
  agree "$high"
done

# And from gonix serve, which signs what it serves: here what a cache has.
gonix serve --store "file://$PWD/cache-gonix" --key-file keys/gonix.secret --listen 127.0.0.1:0 2>serve.log & server=$!
trap 'kill $server 2>/dev/null || true' EXIT
until url=$(sed -n 's/.* on //p' serve.log) && [ -n "$url" ]; do kill -0 $server || { cat serve.log; fail "gonix serve"; }; sleep 0.05; done
empty
! nix-store -r "$high" --option substituters "$url" --option trusted-public-keys "$(cat keys/nix.public)" >/dev/null 2>&1 || fail "Nix took from gonix serve what no trusted key signed"
nix-store -r "$high" --option substituters "$url" --option trusted-public-keys "$(cat keys/gonix.public)" --add-root fetched --indirect >/dev/null 2>fetch.log ||
  { cat fetch.log; fail "nix-store from gonix serve"; }
sound "nix-store pulls from gonix serve"
empty
! nix copy --from "$url" "$high" --option trusted-public-keys "$(cat keys/nix.public)" >/dev/null 2>&1 || fail "nix copy took from gonix serve what no trusted key signed"
nix copy --from "$url" "$high" --option trusted-public-keys "$(cat keys/gonix.public)" 2>fetch.log || { cat fetch.log; fail "nix copy from gonix serve"; }
sound "nix copy pulls from gonix serve"
agree "$high"
kill $server
wait $server || fail "gonix serve does not end well"
