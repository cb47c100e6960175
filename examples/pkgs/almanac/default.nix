# A package with three outputs, made from data.
{
  lib,
  mkDerivation,
  lights,
  versions,
}:

let
  inherit (builtins)
    attrNames
    concatStringsSep
    groupBy
    length
    sort
    stringLength
    toString
    ;

  # How many flashes an hour has.
  flashes = light: 3600 / light.period;

  pad = n: s: if stringLength s < n then pad n "${s} " else s;

  row =
    name:
    let
      light = lights.${name};
    in
    "${pad 12 name}${pad 8 light.colour}${toString (flashes light)}/h"
    + lib.optionalString (light ? note) "  ${light.note}";

  highest = sort (a: b: lights.${a}.height > lights.${b}.height) versions.almanac.lights;
  byColour = groupBy (name: lights.${name}.colour) (attrNames lights);
in
mkDerivation {
  pname = "almanac";
  inherit (versions.almanac) version;

  outputs = [
    "out"
    "doc"
    "data"
  ];

  # Too long for the environment, so a file holds it.
  table = lib.concatLines (map row highest);
  json = builtins.toJSON {
    inherit byColour lights;
  };
  passAsFile = [
    "table"
    "json"
  ];

  script = ''
    mkdir -p "$out/bin" "$doc/share/doc" "$data/share"
    cp "$jsonPath" "$data/share/lights.json"
    {
      echo "Lights, highest first"
      echo
      cat "$tablePath"
    } > "$doc/share/doc/almanac.txt"
    {
      echo '#!/bin/sh'
      echo "cat $doc/share/doc/almanac.txt"
    } > "$out/bin/almanac"
    chmod +x "$out/bin/almanac"
  '';

  meta.description = "The lights of the coast (${toString (length highest)} of them: ${concatStringsSep ", " highest})";
}
