{ config, ... }:

{
  hostName = "host-${confg.hostName}";
}
