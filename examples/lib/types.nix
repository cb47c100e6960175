# The types of options. A type has a description for people, a check of one
# definition, and a merge of all definitions into the value: a list of
# { file, value }, never empty, in order.
lib:

let
  inherit (builtins)
    all
    attrNames
    concatLists
    concatStringsSep
    elem
    filter
    genList
    head
    isAttrs
    isBool
    isFloat
    isInt
    isList
    isPath
    isString
    length
    listToAttrs
    match
    toString
    ;

  inherit (lib) isDefined mergeDefinitions showDefinitions;

  # For types whose values cannot be combined: all definitions have to agree.
  mergeEqual =
    path: defs:
    let
      first = (head defs).value;
    in
    if all (d: d.value == first) defs then
      first
    else
      throw "The option `${lib.showPath path}' has conflicting definitions:\n${showDefinitions defs}Choose one with lib.mkForce.";

  # A definition of a submodule is itself a module.
  fromFile =
    file: module:
    if builtins.isFunction module then
      args: fromFile file (module args)
    else
      { _file = file; } // module;

  mkType = type: { merge = mergeEqual; } // type;
in
rec {
  anything = mkType {
    description = "anything";
    check = _: true;
  };

  bool = mkType {
    description = "true or false";
    check = isBool;
  };

  int = mkType {
    description = "an integer";
    check = isInt;
  };

  between =
    low: high:
    mkType {
      description = "an integer from ${toString low} to ${toString high}";
      check = x: isInt x && x >= low && x <= high;
    };

  port = between 1 65535 // {
    description = "a port number from 1 to 65535";
  };

  number = mkType {
    description = "a number";
    check = x: isInt x || isFloat x;
  };

  str = mkType {
    description = "a string";
    check = isString;
  };

  matching =
    regex:
    mkType {
      description = "a string that matches ${regex}";
      check = x: isString x && match regex x != null;
    };

  # Text to which several modules may add.
  lines = mkType {
    description = "lines of text";
    check = isString;
    merge = _: defs: concatStringsSep "\n" (map (d: d.value) defs);
  };

  path = mkType {
    description = "an absolute path";
    check = x: isPath x || isString x && match "/.*" x != null || isAttrs x && x ? outPath;
  };

  package = mkType {
    description = "a package";
    check = lib.isDerivation;
    merge =
      path: defs:
      if all (d: d.value.outPath == (head defs).value.outPath) defs then
        (head defs).value
      else
        mergeEqual path defs;
  };

  enum =
    values:
    mkType {
      description = "one of ${concatStringsSep ", " (map builtins.toJSON values)}";
      check = x: elem x values;
    };

  nullOr =
    type:
    mkType {
      description = "null or ${type.description}";
      check = x: x == null || type.check x;
      merge =
        path: defs:
        if all (d: d.value == null) defs then null else type.merge path (filter (d: d.value != null) defs);
    };

  either =
    a: b:
    mkType {
      description = "${a.description} or ${b.description}";
      check = x: a.check x || b.check x;
      merge = path: defs: (if all (d: a.check d.value) defs then a else b).merge path defs;
    };

  oneOf = types: builtins.foldl' either (head types) (builtins.tail types);

  listOf =
    type:
    mkType {
      description = "a list, each element ${type.description}";
      check = isList;
      merge =
        path: defs:
        concatLists (
          map (
            d:
            genList (
              i:
              mergeDefinitions (path ++ [ (toString i) ]) type [
                {
                  inherit (d) file;
                  value = builtins.elemAt d.value i;
                }
              ]
            ) (length d.value)
          ) defs
        );
    };

  attrsOf =
    type:
    mkType {
      description = "a set, each attribute ${type.description}";
      check = isAttrs;
      merge =
        path: defs:
        let
          names = lib.unique (concatLists (map (d: attrNames d.value) defs));
          defsOf =
            name:
            map (d: {
              inherit (d) file;
              value = d.value.${name};
            }) (filter (d: d.value ? ${name}) defs);
        in
        listToAttrs (
          concatLists (
            map (
              name:
              # An attribute whose definitions all hide behind a false mkIf is absent.
              lib.optional (isDefined (defsOf name)) {
                inherit name;
                value = mergeDefinitions (path ++ [ name ]) type (defsOf name);
              }
            ) names
          )
        );
    };

  # A set with options of its own. The module learns the attribute's name as `name`.
  submodule =
    module:
    mkType {
      description = "a set of options";
      check = x: isAttrs x || builtins.isFunction x;
      merge =
        path: defs:
        (lib.evalModules {
          prefix = path;
          args.name = builtins.elemAt path (length path - 1);
          modules = [ module ] ++ map (d: fromFile d.file d.value) defs;
        }).config;
    };
}
