package main

import "fmt"

// work is one thing that gonix and a peer both do.
type work struct {
	name string
	// peer is the program compared with.
	peer string
	// gonix and other are the command lines, without the program's own name.
	gonix, other []string
	// same says that both print the same, which is then checked.
	same bool
	// status is what both exit with.
	status int
	// goal is the ratio of wall times to stay under, and mem that of memory; 0 is
	// no goal.
	goal, mem float64
}

// workloads lists what is compared on a checkout of nixpkgs.
func workloads(nixpkgs string) []work {
	expr := func(e string) []string { return []string{"--eval", "--expr", e} }
	hello := expr(fmt.Sprintf(`(import %s { system = "x86_64-linux"; config = { }; overlays = [ ]; }).hello.drvPath`, nixpkgs))
	system := expr(fmt.Sprintf(`(import %s/nixos {
		system = "x86_64-linux";
		configuration = { boot.loader.grub.device = "/dev/sda"; fileSystems."/".device = "/dev/sda1"; services.sshd.enable = true; };
	}).system.drvPath`, nixpkgs))
	names := expr(fmt.Sprintf(`builtins.length (builtins.attrNames (import %s { system = "x86_64-linux"; config = { }; overlays = [ ]; }))`, nixpkgs))
	all := nixpkgs + "/pkgs/top-level/all-packages.nix"
	return []work{
		{"start", "nix-instantiate", expr("1"), expr("1"), true, 0, 0, 0},
		{"hello.drvPath", "nix-instantiate", hello, hello, true, 0, 0.7, 0},
		{"NixOS system.drvPath", "nix-instantiate", system, system, true, 0, 0.5, 1.0},
		{"names of nixpkgs", "nix-instantiate", names, names, true, 0, 0, 0},
		{"parse all-packages.nix", "nix-instantiate", []string{"--parse", all}, []string{"--parse", all}, false, 0, 0, 0},
		// The files are older than the format: both find them not formatted.
		{"format lib", "nixfmt", []string{"fmt", "--check", nixpkgs + "/lib"}, []string{"--check", nixpkgs + "/lib"}, false, 1, 1.0 / 30, 0},
	}
}
