{
  beacon.enable = true;
  beacon.colour = "blue";
  users.keeper.uid = 1000;
}
