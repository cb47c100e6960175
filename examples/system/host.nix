# One machine.
{ config, lib, ... }:

{
  imports = [ ./skerry.nix ];

  hostName = "skerry-1";

  users.keeper = {
    uid = 1000;
    groups = [
      "lamp"
      "radio"
    ];
  };
  users.guest.uid = 1001;
  users.guest.groups = [ "radio" ];

  environment.etc.motd.text = ''
    Welcome to ${config.hostName}.
  '';
  environment.etc."old.conf" = {
    enable = false;
    text = "nobody reads this";
  };

  # skerry.nix says 15.
  beacon.period = lib.mkForce 10;
}
