{
  beacon.enable = true;
  users.keeper.uid = 0;
}
