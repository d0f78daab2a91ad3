#!/bin/sh
# Runs every check of this project: format, lints, unit tests, laws, talks, cases, real peers, systemd units.
# Installs what that needs where it may (Debian packages, as root or with passwordless sudo), else says what to install.
# The tests with Postfix and Dovecot need root, because these switch users.
#   CI=true             a test that is left out is a failure
#   TAMIS_SKIP_PEERS=1  locally: go on without the peers that are not installed
set -eu
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}"

# program:package, of the peers that the tests talk to; dovecot's packages bring their programs together.
peers="postfix:postfix dovecot:dovecot-imapd sieve-test:dovecot-sieve swaks:swaks python3:python3 sieve-connect:sieve-connect clamd:clamav-daemon"
# ManageSieve clients of PyPI, in an environment of their own.
clients="sievelib==1.6.0 managesieve==0.8.1"
venv=target/peers-venv
begun=$(date +%s)
failed=""

# step HEADLINE COMMAND...: runs it, says how long it took, and remembers a failure.
step() {
    headline=$1
    shift
    step_begun=$(date +%s)
    printf '\n== %s\n' "$headline"
    if "$@"; then
        printf '== %s: passed, %s s\n' "$headline" "$(($(date +%s) - step_begun))"
    else
        printf '== %s: FAILED, %s s\n' "$headline" "$(($(date +%s) - step_begun))"
        failed="$failed
   failed: $headline"
    fi
}

has() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

missing_packages() {
    # The bundled SQLite is compiled with the C compiler.
    has cc || printf ' gcc libc6-dev'
    has python3 && python3 -c 'import ensurepip' 2>/dev/null || printf ' python3-venv'
    for peer in $peers; do
        has "${peer%%:*}" || printf ' %s' "${peer#*:}"
    done
}

# as_root COMMAND...: as root, or by sudo without a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_be_root() { [ "$(id -u)" = 0 ] || { has sudo && sudo -n true 2>/dev/null; }; }

# No package may start a service here: the tests run their own instances.
without_services() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    result=0
    "$@" || result=$?
    as_root rm -f "$policy"
    return "$result"
}

install_packages() {
    echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections &&
        { as_root apt-get update -qq || echo "apt-get update failed: going on with the lists that are there"; } &&
        # shellcheck disable=SC2086 # a list of words
        without_services as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends $1
}

ensure_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if has apt-get && may_be_root; then
        step "install$missing" install_packages "$missing"
        missing=$(missing_packages)
        [ -n "$missing" ] || return 0
    fi
    echo "These Debian packages are missing:$missing"
    echo "Install them:  apt-get install --no-install-recommends$missing"
    if [ "${TAMIS_SKIP_PEERS:-}" = 1 ] && [ "${CI:-}" != true ] && has cc; then
        echo "TAMIS_SKIP_PEERS is set: going on without them."
        return 0
    fi
    exit 69
}

ensure_component() {
    cargo "$1" --version >/dev/null 2>&1 || rustup component add "$2"
}

has_clients() { "$venv/bin/python" -c 'import sievelib.managesieve, managesieve' 2>/dev/null; }

# shellcheck disable=SC2086 # a list of words
install_clients() { python3 -m venv "$venv" && "$venv/bin/pip" install -q $clients; }

ensure_clients() {
    has_clients || step "install $clients" install_clients
}

check_units() {
    if ! has systemd-analyze; then
        echo "systemd-analyze is not here: the units are not checked"
        [ "${CI:-}" != true ] || echo "(CI: accepted, because containers often come without systemd)"
        return 0
    fi
    # verify wants the program that a unit starts: show it a copy of the units that starts one which is there.
    folder=$(mktemp -d)
    for unit in systemd/*.service systemd/*.socket systemd/*.timer; do
        [ -e "$unit" ] || continue
        sed 's,^ExecStart=[^ ]*,ExecStart=/bin/true,; s,^ExecReload=[^ ]*,ExecReload=/bin/true,' "$unit" \
            >"$folder/$(basename "$unit")"
    done
    result=0
    # Other units of the machine may be at fault: only what names ours counts.
    if systemd-analyze verify "$folder"/* 2>&1 | grep -F tamis; then
        result=1
    fi
    for unit in "$folder"/*.service; do
        # 0 is closed, 100 is open: the last line says what was reached.
        systemd-analyze security --offline=yes --no-pager --threshold=15 "$unit" >"$folder/said" 2>&1 || result=1
        tail -n 2 "$folder/said"
    done
    rm -rf "$folder"
    return "$result"
}

ensure_packages
ensure_clients
ensure_component fmt rustfmt
ensure_component clippy clippy
step "format" cargo fmt --check
step "lints" cargo clippy --all-targets --locked -- -D warnings
step "tests" cargo test --locked --no-fail-fast
step "systemd units" check_units

printf '\n== all of it: %s s%s\n' "$(($(date +%s) - begun))" "$failed"
if [ -n "$failed" ]; then
    echo "NOT GOOD"
    exit 1
fi
echo "ALL GOOD"
