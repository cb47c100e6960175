# gonix-prefetch-url against nix-prefetch-url
@-prefetch-url file://$PWD/file.txt
@-prefetch-url --print-path file://$PWD/file.txt
PRINT_PATH=1 @-prefetch-url file://$PWD/file.txt
@-prefetch-url --print-path --type sha1 file://$PWD/file.txt
@-prefetch-url --print-path --type md5 file://$PWD/file.txt
@-prefetch-url --print-path --type sha512 --name other file://$PWD/file.txt
@-prefetch-url --print-path --executable file://$PWD/file.txt
h=$(@-prefetch-url file://$PWD/file.txt) && @-prefetch-url --print-path --name file.txt file:///nowhere/file.txt $h
@-prefetch-url file://$PWD/file.txt 0000000000000000000000000000000000000000000000000000
@-prefetch-url file:///nowhere/file.txt
@-prefetch-url
tar -cf one-@-.tar --sort=name --mtime=@0 --owner=0 --group=0 dir && @-prefetch-url --print-path --name x --unpack file://$PWD/one-@-.tar
tar -czf two-@-.tar.gz dir file.txt && @-prefetch-url --print-path --name x --unpack file://$PWD/two-@-.tar.gz
