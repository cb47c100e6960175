# Tests are derivations: building this runs them.
{
  lib,
  mkDerivation,
  greet,
  almanac,
  site,
}:

let
  loud = greet.override { loud = true; };
  polite = greet.overrideAttrs (old: {
    greeting = "Good evening";
    recipient = "dear ${old.recipient}";
  });
in
mkDerivation {
  name = "checks";
  inherit
    greet
    loud
    polite
    site
    ;
  doc = almanac.doc;
  script = ''
    is() {
      if [ "$1" != "$2" ]; then
        echo "got:  $1"
        echo "want: $2"
        exit 1
      fi
      echo "ok: $1" >> "$out"
    }
    is "$("$greet/bin/greet")" "Ahoy, keeper."
    is "$("$loud/bin/greet" gull)" "Ahoy, gull!"
    is "$("$polite/bin/greet")" "Good evening, dear keeper."
    read first < "$doc/share/doc/almanac.txt"
    is "$first" "Lights, highest first"
    [ -e "$site/index.html" ]
    [ ! -e "$site/notes.txt" ]
  '';
}
