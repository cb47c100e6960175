{ pkgs, ... }:

{
  boot.loader.systemd-boot.enable = true;
  fileSystems."/" = {
    device = "/dev/nvme0n1p2";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/nvme0n1p1";
    fsType = "vfat";
  };
  networking.networkmanager.enable = true;
  hardware.pulseaudio.enable = true;
  hardware.bluetooth.enable = true;
  services.xserver = {
    enable = true;
    displayManager.lightdm.enable = true;
    desktopManager.xfce.enable = true;
  };
  services.printing.enable = true;
  fonts.fonts = [
    pkgs.dejavu_fonts
    pkgs.noto-fonts
  ];
  users.users.alice = {
    isNormalUser = true;
    extraGroups = [
      "wheel"
      "networkmanager"
    ];
  };
  environment.systemPackages = with pkgs; [
    firefox
    git
    vim
    gimp
  ];
}
