{
  users.keeper.groups = [ "lamp" ];
}
