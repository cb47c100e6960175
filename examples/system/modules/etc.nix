# environment.etc: the files of /etc, from text or from store paths.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;

  file =
    { name, config, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether the file exists.";
        };
        target = mkOption {
          type = types.matching "[^/].*";
          default = name;
          description = "Where it is, below /etc.";
        };
        text = mkOption {
          type = types.nullOr types.lines;
          default = null;
          description = "Its content.";
        };
        source = mkOption {
          type = types.path;
          description = "The file it is a copy of.";
        };
        mode = mkOption {
          type = types.enum [
            "0444"
            "0400"
            "0555"
          ];
          default = "0444";
          description = "Its permissions.";
        };
      };
      config.source = lib.mkIf (config.text != null) (
        lib.mkDefault (pkgs.writeText (baseNameOf name) config.text)
      );
    };

  files = builtins.filter (f: f.enable) (builtins.attrValues config.environment.etc);
in
{
  options.environment.etc = mkOption {
    type = types.attrsOf (types.submodule file);
    default = { };
    description = "The files of /etc.";
  };

  options.system.build.etc = mkOption {
    type = types.package;
    description = "The finished /etc.";
  };

  config.system.build.etc = pkgs.mkDerivation {
    name = "etc";
    script = ''
      mkdir -p "$out"
    ''
    + lib.concatMapStringsSep "" (f: ''
      mkdir -p "$out/${dirOf f.target}"
      cp "${f.source}" "$out/${f.target}"
      chmod ${f.mode} "$out/${f.target}"
    '') files;
  };
}
