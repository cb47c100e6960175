{
  hostName = "rock"
  beacon.enable = true;
}
