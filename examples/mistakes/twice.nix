{ lib, ... }:

{
  options.beacon.colour = lib.mkOption { type = lib.types.str; };
  config.beacon.enable = true;
  config.users.keeper.uid = 1000;
}
