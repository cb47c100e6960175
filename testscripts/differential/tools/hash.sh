# gonix-hash against nix-hash
@-hash file.txt
@-hash --type sha256 file.txt
@-hash --type sha256 --flat file.txt
@-hash --type sha256 --flat --base32 file.txt
@-hash --type sha1 --base32 dir
@-hash --type sha512 dir
@-hash --type md5 --flat file.txt dir/inner.nix
@-hash --type sha256 --truncate dir
@-hash --type sha256 --base32 --truncate file.txt
@-hash --to-base32 --type sha256 da69f286f03c0d2131b3f95afe7c8d31b4f65cbf5ca49a12c41d8bf02d366a34
@-hash --to-base16 --type sha256 0d0a6rpgl7sm8g9afkmzbddpdb9jhhz5mcmgznqhq4hhz0s3c0d8
@-hash --to-base16 --type sha1 dgygf5blp5zzzzzzzzzzzzzzzzzzzzzz
@-hash --type sha256 nope.txt
@-hash --type nope file.txt
