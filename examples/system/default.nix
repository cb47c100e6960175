# A system from modules: /etc, accounts, services, and one derivation that holds all
# of it.
{
  lib,
  mkDerivation,
  writeText,
  writeScript,
  tools,
  greet,
  modules,
}:

let
  system = lib.evalModules {
    args.pkgs = {
      inherit
        greet
        mkDerivation
        tools
        writeScript
        writeText
        ;
    };
    modules = [
      ./modules/etc.nix
      ./modules/users.nix
      ./modules/services.nix
      ./modules/beacon.nix
      ./modules/toplevel.nix
    ]
    ++ modules;
  };

  failed = builtins.filter (a: !a.assertion) system.config.assertions;
in
if failed != [ ] then
  throw "This configuration cannot work:\n${lib.concatLines (map (a: "- ${a.message}") failed)}"
else
  {
    inherit (system) config;
    inherit (system.config.system.build) etc toplevel;
    manual = lib.listOptions [ ] system.options;
  }
