# A fixed-output derivation: whatever way it is made, its content has to have this
# hash.
{ mkDerivation }:

mkDerivation {
  name = "licence.txt";
  outputHashMode = "flat";
  outputHashAlgo = "sha256";
  outputHash = "sha256-JlzfSDNqzqrPlcBL2S2fAasEsor0BsHLEyIQhs4yVnE=";
  script = ''
    {
      echo "Keep the light burning."
      echo "Copy this as you like."
    } > "$out"
  '';
}
