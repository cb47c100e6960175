{ config, ... }:

{
  hostName = "${config.hostName}-2";
}
