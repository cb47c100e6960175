# The rest of the script: who is greeted can be given on the command line.
echo "$greeting, ${1:-$recipient}$ending"
