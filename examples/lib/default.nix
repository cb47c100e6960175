# The few functions that the rest of the project is written with.
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    foldl'
    functionArgs
    intersectAttrs
    isFunction
    listToAttrs
    ;

  basics = rec {
    /**
      The fixed point of a function: what it returns when given its own result.

      # Example

      ```nix
      fix (self: { a = 1; b = self.a + 1; })
      => { a = 1; b = 2; }
      ```
    */
    fix =
      f:
      let
        x = f x;
      in
      x;

    /**
      Puts an overlay on top of a package set: `overlay final prev` sees the finished
      set and the one below it.
    */
    extends =
      overlay: f: final:
      let
        prev = f final;
      in
      prev // overlay final prev;

    /**
      Calls `f` and lets its result be called again with other arguments, as
      `result.override { name = value; }`, or with other attributes, as
      `result.overrideAttrs (old: { ... })`.
    */
    makeOverridable =
      f: args:
      let
        result = f args;
        again = new: makeOverridable f (args // (if isFunction new then new args else new));
      in
      result
      // {
        override = again;
      }
      // (
        if result ? overrideAttrs then
          {
            overrideAttrs = change: makeOverridable (args: (f args).overrideAttrs change) args;
          }
        else
          { }
      );

    /**
      Calls the function in a file with those attributes of `scope` that it asks for,
      and with `args` where the two differ.
    */
    callPackageWith =
      scope: file: args:
      let
        f = if isFunction file then file else import file;
      in
      makeOverridable f (intersectAttrs (functionArgs f) scope // args);

    /**
      A derivation that runs a shell script, with `overrideAttrs`.

      The scripts of this project use nothing but the shell and the common file tools,
      so that they can be built where nothing else is.
    */
    mkDerivation =
      attrs:
      let
        drv = derivation (
          {
            builder = "/bin/sh";
            args = [
              "-e"
              "-c"
              attrs.script
            ];
            PATH = "/bin:/usr/bin";
          }
          // (if attrs ? pname then { name = "${attrs.pname}-${attrs.version}"; } else { })
          // removeAttrs attrs [
            "script"
            "meta"
            "passthru"
            "pname"
            "version"
          ]
        );
      in
      drv
      // {
        meta = attrs.meta or { };
        overrideAttrs = change: mkDerivation (attrs // change attrs);
      }
      // (if attrs ? version then { inherit (attrs) pname version; } else { })
      // attrs.passthru or { };

    /**
      A file in the store with the given text, which may refer to other store paths.
    */
    writeText =
      system: name: text:
      mkDerivation {
        inherit name system text;
        passAsFile = [ "text" ];
        script = ''cp "$textPath" "$out"'';
      };

    /**
      The same, executable.
    */
    writeScript =
      system: name: text:
      mkDerivation {
        inherit name system text;
        passAsFile = [ "text" ];
        script = ''
          cp "$textPath" "$out"
          chmod +x "$out"
        '';
      };

    # Lists, strings and attribute sets.

    optional = cond: x: if cond then [ x ] else [ ];
    optionals = cond: xs: if cond then xs else [ ];
    optionalString = cond: s: if cond then s else "";
    concatMapStringsSep =
      sep: f: xs:
      concatStringsSep sep (map f xs);
    concatLines = xs: concatMapStringsSep "" (x: x + "\n") xs;
    unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
    filterAttrs =
      keep: set:
      listToAttrs (
        map (name: {
          inherit name;
          value = set.${name};
        }) (filter (name: keep name set.${name}) (attrNames set))
      );
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    isDerivation = x: x.type or null == "derivation";
    showPath = concatStringsSep ".";

  };

  # Types and modules need each other (a submodule is a type), and get it all.
  lib =
    basics
    // modules
    // {
      inherit types;
    };
  types = import ./types.nix lib;
  modules = import ./modules.nix lib;
in
lib
