{
  config,
  lib,
  pkgs,
  ...
}:

{
  boot.loader.grub.device = "/dev/vda";
  fileSystems."/".device = "/dev/vda1";
  networking.hostName = "web";
  networking.firewall.allowedTCPPorts = [
    80
    443
  ];
  services.nginx = {
    enable = true;
    recommendedGzipSettings = true;
    virtualHosts."example.org" = {
      root = "/srv/www";
      locations."/api".proxyPass = "http://127.0.0.1:8080";
    };
  };
  services.postgresql = {
    enable = true;
    package = pkgs.postgresql_12;
    ensureDatabases = [ "app" ];
  };
  services.redis.enable = true;
  services.prometheus.enable = true;
  services.grafana.enable = true;
  services.openssh.enable = true;
  services.fail2ban.enable = true;
  services.borgbackup.jobs.home = {
    paths = "/home";
    repo = "/backup";
    encryption.mode = "none";
    startAt = "daily";
  };
  systemd.services.app = {
    wantedBy = [ "multi-user.target" ];
    serviceConfig.ExecStart = "${pkgs.hello}/bin/hello";
    environment.PORT = toString 8080;
  };
  users.users.deploy = {
    isNormalUser = true;
    openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAA deploy" ];
  };
  containers.side = {
    config = {
      services.httpd.enable = true;
      services.httpd.adminAddr = "a@example.org";
    };
  };
}
