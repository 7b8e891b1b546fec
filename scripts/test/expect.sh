# Sourced by tests that are a list of expectations.
# shellcheck shell=bash disable=SC2034

failures=0
# expect EXIT-CODE TEXT WHAT COMMAND...: the command ends with this code and prints this text (a pattern; when empty,
# anything). WHAT is the claim that is printed. What it printed is in the file $said until the next one.
expect() {
    local code=$1 text=$2 what=$3 actual=0 start=$SECONDS
    shift 3
    rm -f "${said:-}"
    said=$(mktemp)
    "$@" >"$said" 2>&1 </dev/null || actual=$?
    if [[ $actual == "$code" ]] && { [[ -z $text ]] || grep -qE -- "$text" "$said"; }; then
        echo "  ok: $what ($((SECONDS - start)) s)"
    else
        failures=$((failures + 1))
        echo "  NOT ok: $what: exit $actual instead of $code, or nothing matches: $text"
        tail -n 80 "$said" | sed 's/^/    | /'
    fi
}

# also TEXT WHAT: the last command printed this text too.
also() {
    if grep -qE -- "$1" "$said"; then
        echo "  ok: $2"
    else
        failures=$((failures + 1))
        echo "  NOT ok: $2: nothing matches: $1"
    fi
}

# The last line of such a test.
all_as_expected() {
    rm -f "${said:-}"
    ((failures == 0)) || die 1 "$failures expectations failed"
}
