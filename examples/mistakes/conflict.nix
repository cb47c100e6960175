{
  imports = [ ../system/skerry.nix ];
  beacon.period = 20;
  users.keeper.uid = 1000;
}
