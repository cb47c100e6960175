# gonix against nix, of what Nix 2.36 has not changed since 2.8
p=$(@-build -Q built.nix -A extra --no-out-link 2>/dev/null); d=$(@-store -q --deriver $p); l=$(@-build -Q built.nix -A lib --no-out-link 2>/dev/null)
  @ log $p; @ log $l; @ log $d; echo $?
  @ log -f built.nix app; echo $?
  @ path-info $p; echo $?
  @ path-info -r $p; echo $?
  @ path-info -rsS $p; echo $?
  @ path-info --sigs $p; echo $?
  @ path-info -f built.nix app lib | sort
  @ path-info --derivation -f built.nix app; echo $?
  @ path-info --all | sort
p=$(@-build -Q built.nix -A extra --no-out-link 2>/dev/null); d=$(@-store -q --deriver $p); l=$(@-build -Q built.nix -A lib --no-out-link 2>/dev/null)
  @ store ls $l; echo $?
  @ store ls -lR $l; echo $?
  @ store ls -l $l/lib/l.so.1; echo $?
  @ store ls -d $l/lib; echo $?
  @ store ls $l/nope; echo $?
  @ store ls --json -R $l | jq -S .
  @ store cat $l/lib/l.so; echo $?
  @ store cat $l/lib; echo $?
  @ store cat $l/nope; echo $?
  @ store diff-closures $l $p; echo $?
  @ store diff-closures $p $l; echo $?
  @ store diff-closures $p $p; echo $?
  @ store dump-path $p | sha256sum
  @ store dump-path $l >l.nar && @ nar ls -lR l.nar / && @ nar cat l.nar /lib/l.so; echo $?
  @ store verify $p; echo $?
  @ store verify --all; echo $?
  @ store verify -r --no-trust $p; echo $?
  @ why-depends $p $p; echo $?
  @ why-depends $l $p; echo $?
p=$(@-build -Q built.nix -A extra --no-out-link 2>/dev/null); d=$(@-store -q --deriver $p); l=$(@-build -Q built.nix -A lib --no-out-link 2>/dev/null)
  @ store add-path built.nix && @ store add-file built.nix && @ store add-path --dry-run -n other built.nix; echo $?
  @ build $p -o z && readlink z && rm z; echo $?
  @ build -f built.nix nothing; echo $?
  @ build --rebuild --no-link -f built.nix app; echo $?
  @ copy --to file://$PWD/cache $p && ls cache/*.narinfo | sort && @ path-info --store file://$PWD/cache -rs $p && @ log --store file://$PWD/cache $p; rm -r cache
  @ store delete $p | sed 's/, .*//' && @-store --check-validity $p
@ log /nix/store/00000000000000000000000000000000-x
@ path-info /nix/store/00000000000000000000000000000000-x
@ store cat /nix/store/00000000000000000000000000000000-x
@ hash path dir
@ hash path --base32 --type sha1 dir
@ hash file file.txt
@ hash file --base16 --type sha512 file.txt
@ hash to-sri --type sha256 0d0a6rpgl7sm8g9afkmzbddpdb9jhhz5mcmgznqhq4hhz0s3c0d8
@ hash to-base16 sha256-NGotDPYr2EEkn6lXvGX0kDF8fwvwcAcYvdCrXxbJG5k=
@ hash to-base32 sha256-NGotDPYr2EEkn6lXvGX0kDF8fwvwcAcYvdCrXxbJG5k=
@ hash to-base64 sha1:dgygf5blp5zzzzzzzzzzzzzzzzzzzzzz
@ key generate-secret --key-name k-1 | @ key convert-secret-to-public | cut -d: -f1
@ store prefetch-file --json file://$PWD/file.txt | jq -S .
@ store prefetch-file --json --unpack --name x file://$PWD/file.txt
@ store prefetch-file --json --executable --name x --hash-type sha512 file://$PWD/file.txt | jq -S .
@ store prefetch-file --expected-hash sha256-0000000000000000000000000000000000000000000= file://$PWD/file.txt
@ no-such-verb
