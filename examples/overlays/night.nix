# What changes at night: other words, a tool more, and a quieter site.
final: prev: {
  greet = prev.greet.override {
    greeting = "Good night";
  };

  whisper = final.greet.override (old: {
    greeting = "psst (${old.greeting or "the usual"})";
    recipient = "owl";
  });

  bell = final.mkDerivation {
    pname = "bell";
    version = "1";
    script = ''
      mkdir -p "$out/bin"
      printf '#!/bin/sh\necho ding\n' > "$out/bin/bell"
      chmod +x "$out/bin/bell"
    '';
  };

  tools = prev.tools.override (old: {
    paths = old.paths ++ [ final.bell ];
  });
}
