let
  sh = name: script: more: derivation ({ inherit name; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" script ]; } // more);
in rec {
  lib = sh "lib" "mkdir -p $out/lib; echo lib >$out/lib/l.so; ln -s l.so $out/lib/l.so.1; echo some log line" { };
  tool = sh "tool" "mkdir -p $out/bin $dev; printf '#!/bin/sh\necho hi\n' > $out/bin/tool; chmod +x $out/bin/tool; echo $lib/lib > $out/bin/rpath; echo $out > $dev/self" { inherit lib; outputs = [ "out" "dev" ]; };
  app = sh "app" "mkdir $out; echo $tool $lib >$out/deps; ln -s $tool/bin/tool $out/tool; echo two; echo three" { inherit tool lib; src = ./file.txt; };
  extra = sh "extra" "cat $a/deps $d/self >$out" { a = app; d = tool.dev; };
}
