# The same project for those who use flakes. It has no inputs, so there is nothing
# to lock.
{
  description = "What a lighthouse keeper's computer needs";

  outputs =
    { self }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forSystems =
        f:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = f (import ./. { inherit system; });
          }) systems
        );
    in
    {
      packages = forSystems (pkgs: {
        inherit (pkgs)
          greet
          almanac
          site
          tools
          ;
        default = pkgs.tools;
        system = pkgs.host.toplevel;
      });

      checks = forSystems (pkgs: {
        default = pkgs.checks;
      });

      devShells = forSystems (pkgs: {
        default = pkgs.shell;
      });

      overlays.default = import ./overlays/night.nix;
    };
}
