# The whole system as one derivation.
{
  config,
  lib,
  pkgs,
  ...
}:

{
  options = {
    hostName = lib.mkOption {
      type = lib.types.matching "[a-z0-9-]{1,63}";
      default = "lighthouse";
      description = "The name of the machine.";
    };
    system.build.toplevel = lib.mkOption {
      type = lib.types.package;
      description = "The finished system.";
    };
  };

  config = {
    environment.etc.hostname.text = "${config.hostName}\n";

    system.build.toplevel = pkgs.mkDerivation {
      name = "system-${config.hostName}";
      inherit (config.system.build) etc;
      inherit (pkgs) tools;
      start = lib.concatMapStringsSep "" (name: "/etc/services/${name}\n") config.system.start;
      script = ''
        mkdir -p "$out/bin"
        ln -s "$etc" "$out/etc"
        ln -s "$tools" "$out/sw"
        {
          echo '#!/bin/sh'
          echo "$start"
        } > "$out/bin/start"
        chmod +x "$out/bin/start"
      '';
    };
  };
}
