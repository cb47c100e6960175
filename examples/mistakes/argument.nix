{
  config,
  lib,
  packages,
  ...
}:

{
  hostName = "rock";
}
