{
  services.egg = {
    command = "echo egg";
    after = [ "hen" ];
  };
  services.hen = {
    command = "echo hen";
    after = [ "egg" ];
  };
}
