# A small web site: the almanac, the manual of the system's options, and pages that
# are files of this project.
{
  lib,
  mkDerivation,
  writeText,
  almanac,
  licence,
  host,
  versions,
}:

let
  inherit (builtins)
    baseNameOf
    path
    readDir
    replaceStrings
    toFile
    ;

  escape = replaceStrings [ "&" "<" ">" ] [ "&amp;" "&lt;" "&gt;" ];

  # Pages only: notes and drafts stay out, and do not cause a rebuild either.
  pages = path {
    name = "pages";
    path = ./pages;
    filter = file: type: type == "directory" || builtins.match ".*\\.html" (baseNameOf file) != null;
  };

  style = toFile "style.css" ''
    body { font-family: serif; max-width: 40em; margin: auto; }
    dt { font-family: monospace; }
  '';

  manual = writeText "options.html" ''
    <!doctype html>
    <title>Options</title>
    <dl>
    ${lib.concatMapStringsSep "\n"
      (option: ''
        <dt>${escape option.name}
        <dd>${escape option.description} It is ${escape option.type}; default: ${escape option.default}.'')
      host.manual
    }
    </dl>
  '';
in
mkDerivation {
  pname = "site";
  inherit (versions.site) version title;
  inherit
    almanac
    licence
    manual
    pages
    style
    ;
  doc = almanac.doc;
  lights = almanac.data;

  script = ''
    mkdir -p "$out/about"
    cp "$pages"/*.html "$out/"
    cp "$style" "$out/style.css"
    cp "$manual" "$out/options.html"
    cp "$licence" "$out/about/licence.txt"
    cp "$lights/share/lights.json" "$out/lights.json"
    {
      echo "<!doctype html><title>$title</title>"
      echo "<link rel=stylesheet href=style.css>"
      echo "<pre>"
      cat "$doc/share/doc/almanac.txt"
      echo "</pre>"
    } > "$out/almanac.html"
  '';

  passthru.pageNames = builtins.attrNames (readDir ./pages);
}
