# The builder of a derivation whose environment is wanted. It does what the
# derivation's own builder does first, and writes what bash knows then to the first
# output, as JSON.
set -e
if [ -e "$NIX_ATTRS_SH_FILE" ]; then source "$NIX_ATTRS_SH_FILE"; fi

export IN_NIX_SHELL=impure
export dontAddDisableDepTrack=1

if [[ -n $stdenv ]]; then
    source $stdenv/setup
fi

# Names are taken before this script defines any of its own. (Setup's bash may
# lack compgen, and the lines of `declare -p` cannot be told from those of a value.)
__names=(
    ${!a@} ${!b@} ${!c@} ${!d@} ${!e@} ${!f@} ${!g@} ${!h@} ${!i@} ${!j@} ${!k@} ${!l@} ${!m@}
    ${!n@} ${!o@} ${!p@} ${!q@} ${!r@} ${!s@} ${!t@} ${!u@} ${!v@} ${!w@} ${!x@} ${!y@} ${!z@}
    ${!A@} ${!B@} ${!C@} ${!D@} ${!E@} ${!F@} ${!G@} ${!H@} ${!I@} ${!J@} ${!K@} ${!L@} ${!M@}
    ${!N@} ${!O@} ${!P@} ${!Q@} ${!R@} ${!S@} ${!T@} ${!U@} ${!V@} ${!W@} ${!X@} ${!Y@} ${!Z@}
    ${!_@}
)
__functions="$(declare -F)"
set +e +u

__string() {
    local s="$1" i c hex
    s="${s//\\/\\\\}"
    s="${s//\"/\\\"}"
    s="${s//$'\n'/\\n}"
    s="${s//$'\r'/\\r}"
    s="${s//$'\t'/\\t}"
    if [[ $s == *[$'\001'-$'\037']* ]]; then
        for ((i = 1; i < 32; i++)); do
            printf -v hex '%02x' $i
            printf -v c "\\x$hex"
            s="${s//$c/\\u00$hex}"
        done
    fi
    printf '"%s"' "$s"
}

__function() {
    local body
    body="$(declare -f "$1")"
    [[ $body =~ \{(.*)\} ]] || return 1
    printf '%s\n    ' "$__comma"; __comma=,
    __string "$1"; printf ': '; __string "${BASH_REMATCH[1]}"
}

__variable() {
    local __declared __flags __comma2= __key
    case $1 in
        BASH_*|BASHPID|COMP_*|_|__names|DIRSTACK|EUID|FUNCNAME|HISTCMD|HOSTNAME|GROUPS|LINENO|PIPESTATUS|PWD|RANDOM|SRANDOM|SHLVL|SECONDS|EPOCHREALTIME|EPOCHSECONDS) return ;;
    esac
    __declared="$(declare -p "$1" 2>/dev/null)"
    [[ $__declared =~ ^declare\ -([^ ]+)\  ]] || return
    __flags="${BASH_REMATCH[1]}"
    case $__flags in *[rn]*) return ;; esac
    printf '%s\n    ' "$__comma"; __comma=,
    __string "$1"
    case $__flags in
    *a*)
        printf ': {"type": "array", "value": ['
        __key="$1[@]"
        for __key in "${!__key}"; do
            printf '%s' "$__comma2"; __comma2=', '
            __string "$__key"
        done
        printf ']}'
        ;;
    *A*)
        declare -n __table="$1"
        printf ': {"type": "associative", "value": {'
        for __key in "${!__table[@]}"; do
            printf '%s' "$__comma2"; __comma2=', '
            __string "$__key"; printf ': '; __string "${__table[$__key]}"
        done
        printf '}}'
        unset -n __table
        ;;
    *x*) printf ': {"type": "exported", "value": '; __string "${!1}"; printf '}' ;;
    *) printf ': {"type": "var", "value": '; __string "${!1}"; printf '}' ;;
    esac
}

__environment() {
    local __comma= __line __name
    printf '{\n  "bashFunctions": {'
    while read -r __line; do
        [[ $__line =~ ^declare\ -[^\ ]+\ (.*)$ ]] && __function "${BASH_REMATCH[1]}"
    done <<< "$__functions"
    __comma=
    printf '\n  },\n  "variables": {'
    for __name in "${__names[@]}"; do
        __variable "$__name"
    done
    printf '\n  }'
    if [ -e "$NIX_ATTRS_SH_FILE" ]; then
        printf ',\n  "structuredAttrs": {\n    ".attrs.sh": '
        __string "$(<"$NIX_ATTRS_SH_FILE")"
        printf ',\n    ".attrs.json": '
        __string "$(<"$NIX_ATTRS_JSON_FILE")"
        printf '\n  }'
    fi
    printf '\n}\n'
}

# With structured attributes `outputs` maps names to paths; otherwise it is a list
# of names, which are variables.
__paths=()
if [ -e "$NIX_ATTRS_SH_FILE" ]; then
    __paths=("${outputs[@]}")
else
    for __name in ${outputs:-out}; do __paths+=("${!__name}"); done
fi
__environment > "${__paths[0]}"
for __path in "${__paths[@]:1}"; do echo -n > "$__path"; done
