# gonix-env against nix-env, as far as that works on a store that is elsewhere
@-env -f packages.nix -qa
@-env -f packages.nix -qaP
@-env -f packages.nix -qaP --description
@-env -f packages.nix -qac
@-env -f packages.nix -qas
@-env -f packages.nix -qa --system --drv-path --out-path --no-name
@-env -f packages.nix -qa --json | jq -S .
@-env -f packages.nix -qa --json --out-path | jq -S .
@-env -f packages.nix -qa --json --meta | jq -S .
@-env -f packages.nix -qa --xml
@-env -f packages.nix -qa --xml --out-path --drv-path --description
@-env -f packages.nix -qa foo
@-env -f packages.nix -qa 'fo.*' bar-0.1
@-env -f packages.nix -qa '*'
@-env -f packages.nix -qa nothing
@-env -f packages.nix -qaA foo2
@-env -p prof -f packages.nix -i nothing
@-env -p prof -i /nix/nowhere/x
@-env -p prof --set /nix/nowhere/x
@-env -p prof --rollback
@-env -p prof --switch-generation 3
@-env -p prof --list-generations
@-env -p prof --set-flag a
@-env
@-env -q -i
