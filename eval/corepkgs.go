package eval

// The file that <nix/fetchurl.nix> finds although no search path has it. It lives
// below a directory that no file system has.
const (
	corepkgsDir  = "/__corepkgs__"
	fetchurlPath = corepkgsDir + "/fetchurl.nix"
)

// fetchurlSource fetches a URL with the builder that is part of Nix, needing
// nothing else: how a bootstrap begins. The derivation's attributes, and so its
// hash, are those of Nix.
const fetchurlSource = `{ system ? "" # no longer used
, url
, hash ? "", md5 ? "", sha1 ? "", sha256 ? "", sha512 ? ""
, outputHash ?
    if hash != "" then hash
    else if sha512 != "" then sha512
    else if sha1 != "" then sha1
    else if md5 != "" then md5
    else sha256
, outputHashAlgo ?
    if hash != "" then ""
    else if sha512 != "" then "sha512"
    else if sha1 != "" then "sha1"
    else if md5 != "" then "md5"
    else "sha256"
, executable ? false
, unpack ? false
, name ? baseNameOf (toString url)
, impure ? false
}:
derivation ({
  inherit name url executable unpack;
  builder = "builtin:fetchurl";
  system = "builtin";
  outputHashMode = if unpack || executable then "recursive" else "flat";
  preferLocalBuild = true;
  urls = [ url ];
  impureEnvVars = [ "http_proxy" "https_proxy" "ftp_proxy" "all_proxy" "no_proxy" ];
} // (if impure then { __impure = true; } else { inherit outputHash outputHashAlgo; }))
`

// coreFile gives the text of an internal file.
func coreFile(name string) (string, bool) {
	if name == fetchurlPath {
		return fetchurlSource, true
	}
	return "", false
}
