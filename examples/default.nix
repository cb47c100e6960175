# Keeper: what a lighthouse keeper's computer needs, as a project for gonix. It has
# packages, an overlay, a system configuration and a shell, and needs nothing from
# outside.
{
  system ? builtins.currentSystem,
  overlays ? [ ],
}:

let
  lib = import ./lib;

  packages = final: {
    inherit lib system;

    callPackage = lib.callPackageWith final;
    mkDerivation = attrs: lib.mkDerivation ({ inherit system; } // attrs);
    writeText = lib.writeText system;
    writeScript = lib.writeScript system;

    versions = builtins.fromTOML (builtins.readFile ./data/versions.toml);
    lights = builtins.fromJSON (builtins.readFile ./data/lights.json);

    greet = final.callPackage ./pkgs/greet { };
    almanac = final.callPackage ./pkgs/almanac { };
    licence = final.callPackage ./pkgs/licence { };
    site = final.callPackage ./pkgs/site { };
    tools = final.callPackage ./pkgs/tools {
      paths = [
        final.greet
        final.almanac
      ];
    };
    checks = final.callPackage ./pkgs/checks { };

    shell = final.callPackage ./shell.nix { };
    host = final.callPackage ./system { modules = [ ./system/host.nix ]; };
  };
in
lib.fix (builtins.foldl' (set: overlay: lib.extends overlay set) packages overlays)
