# The environment to work on this project in: nix-shell, or gonix's own shell.
# The tools come from the project itself.
{
  pkgs ? import ./. { },
  lib ? pkgs.lib,
  mkDerivation ? pkgs.mkDerivation,
  tools ? pkgs.tools,
  almanac ? pkgs.almanac,
}:

mkDerivation {
  name = "keeper-shell";

  inherit tools;
  buildInputs = [
    tools
    almanac
  ];
  LIGHTS = "${almanac.data}/share/lights.json";
  PS1 = "keeper> ";

  shellHook = ''
    export PATH="$tools/bin:$PATH"
    greet "$USER"
  '';

  # Built (rather than entered) it is a list of what it needs.
  script = ''echo $buildInputs > "$out"'';
}
