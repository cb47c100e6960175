# The programs of several packages in one place, as links.
{
  lib,
  mkDerivation,
  paths,
}:

mkDerivation {
  name = "tools";
  inherit paths;
  script = ''
    mkdir -p "$out/bin"
    for path in $paths; do
      for program in "$path"/bin/*; do
        ln -s "$program" "$out/bin/"
      done
    done
  '';
  passthru.names = map (p: p.pname) paths;
  meta.description = "All tools";
}
