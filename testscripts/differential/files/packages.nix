let sh = name: script: more: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" script ]; } // more);
 pkg = n: v: sh "${n}-${v}" "mkdir -p $out/bin; echo ${v} > $out/bin/${n}" { } // { meta = { description = "d ${n}"; priority = 5; }; };
in { foo = pkg "foo" "1.0"; foo2 = pkg "foo" "2.0"; bar = pkg "bar" "0.1"; lib = { recurseForDerivations = true; baz = pkg "baz" "3"; };
 multi = sh "multi-1" "mkdir -p $out/bin $man/share; echo > $out/bin/multi; echo > $man/share/m" { outputs = ["out" "man"]; } // { meta.outputsToInstall = ["out" "man"]; };
 conflict = sh "conflict-1" "mkdir -p $out/bin; echo c > $out/bin/foo" {}; }
