{
  config.beacon.enable = true;
  hostName = "rock";
}
