# A module of the kind users write most: one switch that sets other options.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkIf mkOption types;
  cfg = config.beacon;
in
{
  options.beacon = {
    enable = lib.mkEnableOption "the light";
    colour = mkOption {
      type = types.enum [
        "white"
        "red"
        "green"
      ];
      default = "white";
      description = "The colour of the light.";
    };
    period = mkOption {
      type = types.between 1 60;
      default = 15;
      description = "Seconds from flash to flash.";
    };
    port = mkOption {
      type = types.nullOr types.port;
      default = null;
      description = "Where to serve the state of the light, if anywhere.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Further lines for beacon.conf.";
    };
  };

  config = mkIf cfg.enable (
    lib.mkMerge [
      {
        beacon.extraConfig = lib.mkAfter "# end";
        environment.etc."beacon.conf".text = ''
          colour ${cfg.colour}
          period ${toString cfg.period}
          ${cfg.extraConfig}
        '';
        services.beacon = {
          command = [
            "${pkgs.greet}/bin/greet"
            "the ${cfg.colour} light"
          ];
          environment.PERIOD = cfg.period;
          user = lib.mkDefault "keeper";
        };
      }
      (mkIf (cfg.port != null) {
        services.beacon-status = {
          command = "echo listening on ${toString cfg.port}";
          after = [ "beacon" ];
        };
      })
    ]
  );
}
