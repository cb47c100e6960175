# What all machines on the skerry have in common.
{ lib, ... }:

{
  beacon = {
    enable = true;
    period = 15;
    port = 8080;
    extraConfig = lib.mkMerge [
      "arc 120"
      (lib.mkIf false "arc 360")
      (lib.mkBefore "# from skerry.nix")
    ];
  };

  services.radio = {
    command = "echo radio on";
    after = [ "beacon" ];
    environment = {
      CHANNEL = 16;
      QUIET = true;
      NAME = "it's us";
    };
  };
}
