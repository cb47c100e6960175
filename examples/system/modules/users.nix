# Accounts, and /etc/passwd and /etc/group made from them.
{
  config,
  lib,
  ...
}:

let
  inherit (lib) mkOption types;
  inherit (builtins)
    attrValues
    elem
    filter
    length
    toString
    ;

  user =
    { name, config, ... }:
    {
      options = {
        name = mkOption {
          type = types.matching "[a-z_][a-z0-9_-]*";
          default = name;
          description = "The login name.";
        };
        uid = mkOption {
          type = types.between 0 65533;
          description = "The number of the account.";
        };
        home = mkOption {
          type = types.path;
          default = "/home/${config.name}";
          description = "The home directory.";
        };
        shell = mkOption {
          type = types.either types.path types.package;
          default = "/bin/sh";
          description = "The login shell.";
        };
        groups = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = "Further groups.";
        };
      };
    };

  users = builtins.sort (a: b: a.uid < b.uid) (attrValues config.users);
  groups = lib.unique (builtins.concatMap (u: u.groups) users);
  uids = map (u: u.uid) users;
in
{
  options.users = mkOption {
    type = types.attrsOf (types.submodule user);
    default = { };
    description = "The accounts.";
  };

  options.assertions = mkOption {
    type = types.listOf types.anything;
    default = [ ];
    description = "What has to be true of a configuration, with what to say if it is not.";
  };

  config = {
    users.root = {
      uid = 0;
      home = lib.mkDefault "/root";
    };

    environment.etc.passwd.text = lib.concatLines (
      map (u: "${u.name}:x:${toString u.uid}:100::${u.home}:${u.shell}") users
    );
    environment.etc.group.text = lib.concatLines (
      map (
        g: "${g}:x:100:${lib.concatMapStringsSep "," (u: u.name) (filter (u: elem g u.groups) users)}"
      ) groups
    );

    assertions = [
      {
        assertion = length (lib.unique uids) == length uids;
        message = "two accounts have the same uid";
      }
    ];
  };
}
