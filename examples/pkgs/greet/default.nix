{
  lib,
  mkDerivation,
  versions,
  greeting ? "Ahoy",
  recipient ? "keeper",
  loud ? false,
}:

mkDerivation {
  pname = "greet";
  inherit (versions.greet) version;

  inherit greeting recipient;
  ending = if loud then "!" else ".";

  # The script is a file of its own: it is copied to the store and named there.
  src = ./greet.sh;

  script = ''
    mkdir -p "$out/bin"
    {
      echo '#!/bin/sh'
      echo "greeting='$greeting'"
      echo "recipient='$recipient'"
      echo "ending='$ending'"
      cat "$src"
    } > "$out/bin/greet"
    chmod +x "$out/bin/greet"
  '';

  meta = {
    description = "Greets whoever keeps the light";
    mainProgram = "greet";
    inherit loud;
  };
}
