#!/usr/bin/env bash
# Takes the checks of the gate, the sandbox and the risk engine away, one by one, and asks whether a test notices
# (docs/testing.md). Fails where a mutant lives that tests/mutants.toml does not accept, and where one that it accepts
# lives no more.
# Wants cargo-mutants. Crates may be named; all of them take about two hours on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_INCREMENTAL=1
export LC_ALL=C
out=target/mutants

accepted() {
    sed -n 's/^mutant = "\(.*\)"$/\1/p' tests/mutants.toml | sed 's/\\"/"/g' | { grep "^$1/" || true; } | sort
}

missed() {
    sed -E 's/^([^:]+):[0-9]+:[0-9]+: /\1: /' "$1/missed.txt" | sort
}

# Of the wallet's crate only the engine decides about money.
engine() {
    [[ $1 == puppet-wallet ]] || return 0
    printf -- '--file=host/wallet/src/%s\n' risk.rs 'risk/*.rs' books.rs 'books/*.rs' rules.rs rule.rs closed.rs seen.rs step.rs
}

mutate() {
    local crate=$1 folder=host/${1#puppet-} found=$out/$1/mutants.out status=0 only
    mapfile -t only < <(engine "$crate")
    mkdir -p "$out/$crate"
    # 2: some live. 3: some made the tests hang, which is noticed too.
    cargo mutants --package "$crate" --minimum-test-timeout 60 --output "$out/$crate" "${only[@]}" || status=$?
    case $status in 0 | 2 | 3) ;; *) return "$status" ;; esac
    echo "$crate: $(wc -l <"$found/caught.txt") caught, $(wc -l <"$found/timeout.txt") hang," \
        "$(wc -l <"$found/unviable.txt") do not build, $(wc -l <"$found/missed.txt") live"
    local new gone
    new=$(comm -13 <(accepted "$folder") <(missed "$found"))
    gone=$(comm -23 <(accepted "$folder") <(missed "$found"))
    [[ -z $new ]] || sed 's/^/no test kills: /' <<<"$new" >&2
    [[ -z $gone ]] || sed 's/^/accepted, but does not live: /' <<<"$gone" >&2
    [[ -z $new$gone ]]
}

crates=("$@")
((${#crates[@]})) || crates=(puppet-grants puppet-sandbox puppet-wallet)
failed=0
for crate in "${crates[@]}"; do
    mutate "$crate" || failed=1
done
exit $failed
