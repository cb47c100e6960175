{
  beacon.enabel = true;
}
