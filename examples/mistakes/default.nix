# Configurations with one mistake each, to see how errors look:
#
#   nix-instantiate --eval examples/mistakes -A typo
{
  system ? builtins.currentSystem,
}:

let
  pkgs = import ../. { inherit system; };
  host = module: (pkgs.host.override { modules = [ module ]; }).toplevel.drvPath;
in
builtins.mapAttrs (_: host) {
  # Errors that the module system finds.
  typo = ./typo.nix;
  type = ./type.nix;
  element = ./element.nix;
  missing = ./missing.nix;
  conflict = ./conflict.nix;
  twice = ./twice.nix;
  misplaced = ./misplaced.nix;
  assertion = ./assertion.nix;
  circle = ./circle.nix;

  # Errors that the evaluator finds.
  recursion = ./recursion.nix;
  undefined = ./undefined.nix;
  argument = ./argument.nix;
  syntax = ./syntax.nix;
}
