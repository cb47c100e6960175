# Services, each a submodule, and the scripts that start them.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;

  service =
    { name, ... }:
    {
      options = {
        enable = mkOption {
          type = types.bool;
          default = true;
          description = "Whether it starts.";
        };
        command = mkOption {
          type = types.either types.str (types.listOf types.str);
          description = "What to run: a line for the shell, or words.";
        };
        user = mkOption {
          type = types.str;
          default = "root";
          description = "Who runs it.";
        };
        environment = mkOption {
          type = types.attrsOf (
            types.oneOf [
              types.str
              types.int
              types.bool
            ]
          );
          default = { };
          description = "Variables for it.";
        };
        after = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Services that come first.";
        };
      };
    };

  enabled = lib.filterAttrs (_: s: s.enable) config.services;

  quote = s: "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] s}'";
  command =
    s: if builtins.isList s.command then lib.concatMapStringsSep " " quote s.command else s.command;
  value = v: quote (if builtins.isBool v then lib.optionalString v "yes" else toString v);

  # Services in the order of `after`; a circle is an error that names it.
  ordered =
    let
      add =
        trail: done: name:
        if builtins.elem name done then
          done
        else if builtins.elem name trail then
          throw "services wait for each other: ${builtins.concatStringsSep " -> " (trail ++ [ name ])}"
        else if !enabled ? ${name} then
          throw "no service ${name} is enabled, but ${builtins.concatStringsSep " -> " trail} waits for it"
        else
          builtins.foldl' (add (trail ++ [ name ])) done enabled.${name}.after ++ [ name ];
    in
    builtins.foldl' (add [ ]) [ ] (builtins.attrNames enabled);
in
{
  options.services = mkOption {
    type = types.attrsOf (types.submodule service);
    default = { };
    description = "The services.";
  };

  options.system.start = mkOption {
    type = types.listOf types.str;
    description = "Services in the order they start.";
  };

  config = {
    system.start = ordered;
    environment.etc = builtins.listToAttrs (
      lib.mapAttrsToList (name: s: {
        name = "services/${name}";
        value = {
          mode = "0555";
          text = ''
            #!/bin/sh
            # runs as ${s.user}
            ${builtins.concatStringsSep "\n" (
              lib.mapAttrsToList (n: v: "export ${n}=${value v}") s.environment
            )}
            exec ${command s}
          '';
        };
      }) enabled
    );
    assertions = lib.mapAttrsToList (name: s: {
      assertion = config.users ? ${s.user};
      message = "services.${name} runs as ${s.user}, but there is no such account";
    }) enabled;
  };
}
