# gonix-build against nix-build
@-build -Q built.nix -A lib && ls -d result*
@-build -Q built.nix -A extra -A app -o x && ls -d x* && rm x*
@-build -Q built.nix -A tool.all -o x && ls -d x* && rm x*
@-build -Q built.nix -A lib -A tool.dev -A tool.all -o x && ls -d x* && readlink x* && rm x*
@-build -Q built.nix -o x && ls -d x* && rm x*
@-build -Q built.nix --no-out-link
@-build -Q -E '(import ./built.nix).app' --no-out-link
@-build -Q -E 'map (n: (import ./built.nix).${n}) [ "app" "lib" ]' --no-out-link
@-build -Q built.nix -A nothing
@-build -Q built.nix -A app.deps
@-build -Q nowhere.nix
@-build -Q $(@-instantiate built.nix -A tool 2>/dev/null) --no-out-link
@-build -Q "$(@-instantiate built.nix -A tool 2>/dev/null)!dev" --no-out-link
@-build -Q "$(@-instantiate built.nix -A tool 2>/dev/null)!dev,out" --no-out-link
@-build -Q built.nix -A lib --dry-run && ls -d result*
@-build -Q built.nix -A lib --no-out-link --check
@-build -Q -E 'derivation { name = "bad"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "exit 3" ]; }'; echo $?
@-build -Q -E 'derivation { name = "bad"; system = "other"; builder = "/bin/sh"; }'; echo $?
@-build -Q -E 'derivation { name = "hash"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo >$out" ]; outputHash = "0000000000000000000000000000000000000000000000000000"; outputHashAlgo = "sha256"; }'; echo $?
@-build -Q --timeout 1 -E 'derivation { name = "slow"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "sleep 1000" ]; }'; echo $?
@-build -Q -E 'with import ./built.nix; derivation { name = "needs"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo $bad" ]; bad = derivation { name = "bad"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "exit 3" ]; }; }'; echo $?
@-build -Q built.nix -A lib -k -j 1 --cores 1 --no-out-link
@-build --no-such-flag
