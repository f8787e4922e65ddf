# shellcheck shell=bash
# What every script shares: where things are, how to speak and how to fail. Sourced, never run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# Another folder may be named, so that a second system can run beside the first one from the same checkout.
RUN_DIR=${NEXORA_TEST_RUN_DIR:-$ROOT/.run}
export ROOT RUN_DIR
COMMAND_NAME=$(basename "$0")
STARTED_AT=$(date +%s)

# A heading for a piece of work that takes time, with the seconds since the command began.
step() { printf '==> [%3ds] %s\n' "$(($(date +%s) - STARTED_AT))" "$*"; }

# A detail under the last heading.
note() { printf '    %s\n' "$*"; }

# Something the reader should not overlook.
warn() { printf '    WARNING: %s\n' "$*" >&2; }

# Says what is wrong and what to do about it, then ends. $1: what failed; the rest: the remedy, a line each.
fail() {
    printf '\n%s: %s\n' "$COMMAND_NAME" "$1" >&2
    shift
    local line
    for line in "$@"; do printf '    what to do: %s\n' "$line" >&2; done
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

is_root() { [[ $(id -u) -eq 0 ]]; }

# Polls a command until it succeeds. $1: the deadline in seconds; the rest: the command.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# Runs a command with its output in the log $1, and shows the newest line of it now and then: every 2 seconds over itself
# on a terminal, every 15 seconds on a line of its own elsewhere. The command stays in the foreground, so that ctrl-C
# reaches it.
with_progress() {
    local log=$1 status=0 watcher
    shift
    : >"$log"
    show_progress "$log" &
    watcher=$!
    "$@" </dev/null >>"$log" 2>&1 || status=$?
    kill "$watcher" 2>/dev/null
    wait "$watcher" 2>/dev/null || true
    [[ ! -t 1 ]] || printf '\r\033[K'
    return "$status"
}

show_progress() {
    local line last='' pause=15
    [[ ! -t 1 ]] || pause=2
    trap 'kill %1 2>/dev/null; exit' TERM
    while kill -0 $$ 2>/dev/null; do
        sleep "$pause" &
        wait $!
        line=$(tail -n 1 "$1" | cut -c1-100)
        [[ -n $line && $line != "$last" ]] || continue
        last=$line
        if [[ -t 1 ]]; then printf '\r\033[K    ... %s' "$line"; else note "... $line"; fi
    done
}

# Fits $1 between $2 and $3.
clamp() {
    local value=$1
    ((value < $2)) && value=$2
    ((value > $3)) && value=$3
    printf '%s\n' "$value"
}

# Kilobytes of memory under a name of /proc/meminfo.
memory_kb() { awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo; }

# Kilobytes free on the disk that holds $1.
disk_free_kb() { df -Pk "$1" | awk 'NR == 2 { print $4 }'; }

# Makes the run folder. Others may pass through it (the servers run under accounts of their own), not list it.
prepare_run_dir() {
    mkdir -p "$RUN_DIR" 2>/dev/null || fail "cannot make the folder $RUN_DIR" "run this as the owner of $ROOT"
    [[ -O $RUN_DIR ]] || fail "$RUN_DIR belongs to another user" \
        "run as that user ($(stat -c %U "$RUN_DIR")), or remove the folder with its data"
    chmod 0711 "$RUN_DIR"
    mkdir -p "$RUN_DIR/log" "$RUN_DIR/proc" "$RUN_DIR/secrets"
    chmod 0700 "$RUN_DIR/secrets" "$RUN_DIR/proc" "$RUN_DIR/log"
}

# Writes standard input to the file $1, readable by its owner alone, whole or not at all.
write_private() {
    local temporary
    temporary=$(mktemp "$1.XXXXXX")
    cat >"$temporary"
    mv -f "$temporary" "$1"
}

# A generated password that is kept from run to run, as 48 hexadecimal digits. $1: its name.
secret() {
    local file=$RUN_DIR/secrets/$1
    if [[ ! -s $file ]]; then
        od -An -N24 -tx1 /dev/urandom | tr -d ' \n' | write_private "$file"
    fi
    cat "$file"
}

# One command at a time changes what runs. The lock ends with this process.
take_lock() {
    exec 9>"$RUN_DIR/lock"
    flock -n 9 || {
        note "another make up or make down is at work; waiting for it"
        flock -w 900 9 || fail "another make up or make down has not ended" "look for it: fuser -v $RUN_DIR/lock"
    }
}
