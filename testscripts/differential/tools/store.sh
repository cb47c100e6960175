# gonix-store against nix-store, each command in a store of its own
@-store --add file.txt
@-store --add dir file.txt
@-store --add nope.txt
@-store --add-fixed sha256 file.txt
@-store --add-fixed --recursive sha256 dir
@-store --add-fixed sha1 file.txt
@-store --print-fixed-path sha256 da69f286f03c0d2131b3f95afe7c8d31b4f65cbf5ca49a12c41d8bf02d366a34 file.txt
@-store --print-fixed-path --recursive sha256 da69f286f03c0d2131b3f95afe7c8d31b4f65cbf5ca49a12c41d8bf02d366a34 file.txt
p=$(@-store --add file.txt) && @-store -q --hash $p
p=$(@-store --add file.txt) && @-store -q --size $p
p=$(@-store --add dir) && @-store -q --references $p
p=$(@-store --add dir) && @-store -q --requisites $p
p=$(@-store --add dir) && @-store -q --referrers $p
p=$(@-store --add dir) && @-store -q --referrers-closure $p
p=$(@-store --add dir) && @-store -q --deriver $p
p=$(@-store --add dir) && @-store -q --roots $p
p=$(@-store --add dir) && @-store -q --tree $p
p=$(@-store --add dir) && @-store -q --graph $p
p=$(@-store --add dir) && @-store --check-validity $p
@-store --check-validity /nix/store/00000000000000000000000000000000-a
@-store --check-validity --print-invalid /nix/store/00000000000000000000000000000000-a
@-store -q --references /nix/store/00000000000000000000000000000000-a
p=$(@-store --add dir) && @-store --delete $p | sed 's/, .* MiB//'
p=$(@-store --add dir) && @-store --delete $p >/dev/null && @-store --check-validity $p
p=$(@-store --add dir) && @-store --gc --print-dead
p=$(@-store --add dir) && @-store --gc --print-live
p=$(@-store --add dir) && @-store --gc --print-roots
p=$(@-store --add dir) && @-store --gc >/dev/null; @-store --check-validity $p
p=$(@-store --add dir) && @-store --verify
p=$(@-store --add dir) && @-store --verify --check-contents
p=$(@-store --add dir) && @-store --verify-path $p
@-store --dump dir | sha256sum
@-store --dump dir | @-store --restore restored && ls restored && rm -r restored
p=$(@-store --add dir) && @-store --export $p | sha256sum
p=$(@-store --add dir) && @-store --export $p > exported && @-store --delete $p >/dev/null && @-store --import < exported
p=$(@-store --add dir) && @-store --dump-db
p=$(@-store --add file.txt) && @-store --dump-db > dumped && @-store --load-db < dumped && @-store -q --hash $p
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = ./file.txt; args = [ ./dir ]; }' 2>/dev/null) && @-store -q --references $d
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = ./file.txt; args = [ ./dir ]; }' 2>/dev/null) && @-store -q --outputs $d
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; }' 2>/dev/null) && @-store -q --outputs $d
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = "b"; A = "1"; B = "two words"; }' 2>/dev/null) && @-store -q --binding B $d
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = "b"; A = "1"; B = "it'"'"'s"; args = [ "x" "y z" ]; }' 2>/dev/null) && @-store --print-env $d
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = ./file.txt; }' 2>/dev/null) && @-store -q --tree $d
d=$(@-instantiate -E 'derivation { name = "x"; system = "s"; builder = ./file.txt; }' 2>/dev/null) && @-store -q --graph $d
d=$(@-instantiate -E 'let a = derivation { name = "a"; system = "s"; builder = ./file.txt; }; in derivation { name = "x"; system = "s"; builder = a; }' 2>/dev/null) && @-store -qR $d
d=$(@-instantiate -E 'let a = derivation { name = "a"; system = "s"; builder = ./file.txt; }; in derivation { name = "x"; system = "s"; builder = a; }' 2>/dev/null) && @-store -q --referrers $(@-store -q --references $d)
d=$(@-instantiate -E 'derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo hi > $out" ]; }' 2>/dev/null) && @-store --realise --dry-run $d
@-store --no-such-flag
@-store --version | sed 's/ .*//;s/^go//'
