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
# What was built. Each list is one command, which builds first.
p=$(@-build -Q built.nix -A extra --no-out-link 2>/dev/null); d=$(@-store -q --deriver $p)
  for q in references referrers requisites referrers-closure deriver hash size outputs tree graph; do echo $q; @-store -q --$q $p; @-store -q --$q $d; @-store -q --$q $p $d; done
  @-store -q --requisites --include-outputs $d
  @-store -q --use-output --references $d
  @-store -q --binding name $p
  @-store -q --binding nothing $p
  @-store --print-env $d
  @-store -l $(@-store -qR $p)
  @-store -l $d
  @-store --read-log $(@-store -q --references $d)
  @-store --verify --check-contents
  @-store --check-validity $p $d
  @-store -r $d $d!out $p
  @-store --realise --dry-run $d
p=$(@-build -Q built.nix -A extra --no-out-link 2>/dev/null); d=$(@-store -q --deriver $p)
  @-store --dump-db | sort | grep -v '^[0-9]*$'
  @-store --dump-db $p
  @-store --export $(@-store -qR $p) | sha256sum
  @-store --export $(@-store -qR $p) >exported2
  @-store --delete $p >/dev/null 2>&1
  @-store --import <exported2
  @-store -q --references $p
  @-store --dump-db $p >dumped2
  @-store --load-db <dumped2; echo $?
p=$(@-build -Q built.nix -A extra --no-out-link 2>/dev/null); d=$(@-store -q --deriver $p)
  @-store -r $p --add-root root --indirect
  @-store -q --roots $p
  @-store --gc --print-roots
  @-store --gc --print-dead | sort
  @-store --gc --print-live | sort
  @-store --delete $(@-store -q --references $p) 2>/dev/null; echo $?
  rm root
  @-store --gc --max-freed 0 2>/dev/null
  @-store --gc 2>/dev/null | sed 's/, .*//'
@-store -l /nix/store/00000000000000000000000000000000-x
@-store -r /nix/store/00000000000000000000000000000000-x
@-store --load-db </dev/null
@-store --import </dev/null
echo garbage | @-store --import
echo garbage | @-store --load-db
echo garbage | @-store --register-validity
p=$(@-store --add file.txt) && @-store --dump-db $p >dumped3 && @-store --register-validity <dumped3 && @-store -q --hash $p
p=$(@-store --add file.txt) && @-store --delete $p >/dev/null && (echo $p; echo; echo 0) | @-store --register-validity; @-store --check-validity $p
@-store --dump
@-store --restore
@-store -q --hash nonsense
@-store
