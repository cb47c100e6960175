let
  value  =  1 + 2;
  unused = 3;
in
value
