# A little module system: modules declare options and define values for each
# other's options; evalModules checks the definitions and merges them.
lib:

let
  inherit (builtins)
    addErrorContext
    attrNames
    attrValues
    concatLists
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    genericClosure
    genList
    head
    isAttrs
    isFunction
    isPath
    length
    listToAttrs
    map
    mapAttrs
    removeAttrs
    sort
    toString
    typeOf
    ;

  # Of several definitions those with the lowest number win.
  priorities = {
    force = 50;
    plain = 100;
    default = 1000;
    option = 1500;
  };

  is = tag: x: isAttrs x && x._type or null == tag;

  quote = path: "`${lib.showPath path}'";

  # -- Modules ---------------------------------------------------------------

  # A module as the user writes it (a file, a function, a set) in one form.
  normalise =
    args: file: module:
    if isPath module then
      normalise args (toString module) (import module)
    else if isFunction module then
      normalise args file (module args)
    else
      let
        from = module._file or file;
        long = module ? options || module ? config;
        misplaced = attrNames (
          removeAttrs module [
            "_file"
            "imports"
            "options"
            "config"
          ]
        );
      in
      if long && misplaced != [ ] then
        throw "The module ${from} has `options' or `config', so `${head misplaced}' belongs below `config'."
      else
        {
          file = from;
          imports = module.imports or [ ];
          options = module.options or { };
          config =
            if long then
              module.config or { }
            else
              removeAttrs module [
                "_file"
                "imports"
              ];
        };

  # The modules and all that they import, files once.
  collect =
    args: modules:
    let
      items =
        parent: modules:
        genList (
          i:
          let
            module = elemAt modules i;
          in
          {
            key = if isPath module then toString module else "${parent}/${toString i}";
            module = normalise args "a module without a file" module;
          }
        ) (length modules);
    in
    map (item: item.module) (genericClosure {
      startSet = items "" modules;
      operator = item: items item.key item.module.imports;
    });

  # -- Options ---------------------------------------------------------------

  # The options of a module, each with the file that declares it.
  declarations =
    file:
    mapAttrs (
      name: x:
      if is "option" x then
        x // { inherit file; }
      else if isAttrs x then
        declarations file x
      else
        throw "The module ${file} declares ${typeOf x} for `${name}', not an option."
    );

  declaredIn =
    options: if is "option" options then options.file else declaredIn (head (attrValues options));

  mergeOptions =
    path: a: b:
    a
    // mapAttrs (
      name: new:
      let
        old = a.${name};
        here = path ++ [ name ];
      in
      if !a ? ${name} then
        new
      else if is "option" old || is "option" new then
        throw "The option ${quote here} is declared in ${declaredIn old} and again in ${declaredIn new}."
      else
        mergeOptions here old new
    ) b;

  # -- Definitions -----------------------------------------------------------

  # mkIf and its like around a whole set of definitions, moved to each attribute,
  # so that the names are known before any condition is.
  pushDown =
    def:
    let
      inherit (def) value;
      around =
        f:
        map (d: d // { value = mapAttrs (_: f) d.value; }) (pushDown (def // { value = value.content; }));
    in
    if is "if" value then
      around (mkIf value.condition)
    else if is "override" value then
      around (mkOverride value.priority)
    else if is "order" value then
      around (mkOrder value.order)
    else if is "merge" value then
      concatLists (map (content: pushDown (def // { value = content; })) value.contents)
    else
      [ def ];

  # The plain definitions behind mkIf and its like.
  discharge =
    def:
    let
      inherit (def) value;
      inner = def // {
        value = value.content;
      };
    in
    if is "if" value then
      if value.condition then discharge inner else [ ]
    else if is "override" value then
      discharge (inner // { inherit (value) priority; })
    else if is "order" value then
      discharge (inner // { inherit (value) order; })
    else if is "merge" value then
      concatLists (map (content: discharge (def // { value = content; })) value.contents)
    else
      [
        (
          {
            priority = priorities.plain;
            order = 1000;
          }
          // def
        )
      ];

  # The definitions that count, in order.
  effective =
    defs:
    let
      all = concatLists (map discharge defs);
      lowest = foldl' (low: d: if d.priority < low then d.priority else low) 9999 all;
    in
    sort (a: b: a.order < b.order) (filter (d: d.priority == lowest) all);

  isDefined = defs: effective defs != [ ];

  show =
    x:
    if isFunction x then
      "a function"
    else if lib.isDerivation x then
      "the derivation ${x.name}"
    else if isAttrs x then
      "a set with ${toString (length (attrNames x))} attributes"
    else
      builtins.toJSON x;

  showDefinitions = defs: lib.concatMapStringsSep "" (d: "  ${show d.value} in ${d.file}\n") defs;

  mergeDefinitions =
    path: type: defs:
    let
      these = effective defs;
      wrong = filter (d: !type.check d.value) these;
    in
    addErrorContext "while evaluating the option ${quote path}" (
      if these == [ ] then
        throw "The option ${quote path} is used but not defined."
      else if wrong != [ ] then
        throw "The option ${quote path} must be ${type.description}, but this is not:\n${showDefinitions wrong}"
      else
        type.merge path these
    );

  # -- Evaluation ------------------------------------------------------------

  # The values of a tree of options, given all definitions of that tree.
  evalTree =
    path: options: defs:
    let
      wrong = filter (d: !isAttrs d.value) flat;
      flat = concatLists (map pushDown defs);
      unknown = concatLists (
        map (
          d:
          map (name: {
            inherit name;
            inherit (d) file;
          }) (filter (name: !options ? ${name}) (attrNames d.value))
        ) flat
      );
      first = head unknown;
      defsOf =
        name:
        map (d: {
          inherit (d) file;
          value = d.value.${name};
        }) (filter (d: d.value ? ${name}) flat);
      value =
        name: option:
        let
          here = path ++ [ name ];
          default = {
            file = option.file;
            value = mkOverride priorities.option option.default;
          };
        in
        if is "option" option then
          mergeDefinitions here option.type (lib.optional (option ? default) default ++ defsOf name)
        else
          evalTree here option (defsOf name);
    in
    if wrong != [ ] then
      throw "${quote path} has options below it, but this is no set:\n${showDefinitions wrong}"
    else if unknown != [ ] then
      throw "There is no option ${quote (path ++ [ first.name ])}, which ${first.file} defines. ${suggest first.name (attrNames options)}"
    else
      mapAttrs value options;

  suggest =
    name: known:
    let
      start = builtins.substring 0 3;
      near = filter (k: start k == start name) known;
    in
    if near != [ ] then
      "Did you mean ${concatStringsSep " or " near}?"
    else
      "Known here: ${concatStringsSep ", " known}.";

  /**
    Evaluates modules to `{ config, options }`.

    `args` are passed to modules that are functions, together with `config`,
    `options` and `lib`; `prefix` is the path of a submodule, for messages.
  */
  evalModules =
    {
      modules,
      args ? { },
      prefix ? [ ],
    }:
    let
      all = collect (args // { inherit config options lib; }) modules;
      options = foldl' (tree: m: mergeOptions prefix tree (declarations m.file m.options)) { } all;
      config = evalTree prefix options (
        map (m: {
          inherit (m) file;
          value = m.config;
        }) all
      );
    in
    {
      inherit config options;
    };

  # -- What modules are written with -----------------------------------------

  mkOption = option: option // { _type = "option"; };

  mkEnableOption =
    what:
    mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to enable ${what}.";
    };

  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };

  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };

  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };

  mkForce = mkOverride priorities.force;
  mkDefault = mkOverride priorities.default;

  mkOrder = order: content: {
    _type = "order";
    inherit order content;
  };

  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;

  # All options as a list, for manuals.
  listOptions =
    path: options:
    concatLists (
      attrValues (
        mapAttrs (
          name: option:
          let
            here = path ++ [ name ];
          in
          if is "option" option then
            [
              {
                name = lib.showPath here;
                type = option.type.description;
                description = option.description or "";
                default = if option ? default then show option.default else "none";
              }
            ]
          else
            listOptions here option
        ) options
      )
    );
in
{
  inherit
    evalModules
    isDefined
    listOptions
    mergeDefinitions
    mkAfter
    mkBefore
    mkDefault
    mkEnableOption
    mkForce
    mkIf
    mkMerge
    mkOption
    mkOrder
    mkOverride
    normalise
    showDefinitions
    ;
}
