# shellcheck shell=bash
# Supervised processes: each has a folder .run/proc/NAME. Sourced.
#   launch       how it is started (bash)           environment   what it is told, by set -a
#   supervisor   pid, start time and boot           child         the same of the process itself
#   fingerprint  of all that was in force at start  restarts      how often it was started again

# What tells a process from a later one with the same pid: its start time in clock ticks, and the boot. One that has
# ended and only waits to be reaped is none.
process_identity() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The name in parentheses may hold blanks; what follows the last one does not. Field 22 is the 20th after it.
    read -ra stat <<<"${stat##*)}"
    [[ ${stat[0]} != Z ]] || return 1
    printf '%s %s %s\n' "$1" "${stat[19]}" "$(cat /proc/sys/kernel/random/boot_id)"
}

# Whether the process that a file names is still the one that runs under its pid. $1: the file.
identity_alive() {
    local pid rest
    read -r pid rest 2>/dev/null <"$1" || return 1
    [[ -n $pid && $(process_identity "$pid" || true) == "$pid $rest" ]]
}

process_alive() { identity_alive "$RUN_DIR/proc/$1/supervisor"; }

process_pid() { cut -d' ' -f1 "$RUN_DIR/proc/$1/child" 2>/dev/null; }

process_names() {
    local folder
    for folder in "$RUN_DIR"/proc/*/; do
        [[ -r $folder/launch ]] && basename "$folder"
    done
    return 0
}

# Says how a process is started. $1: name; $2: the signal that stops it; $3: seconds it may take; $4: the account
# (empty: ours); the rest: its command. Its environment comes on standard input as KEY=VALUE lines.
process_define() {
    local folder=$RUN_DIR/proc/$1
    mkdir -p "$folder"
    {
        printf 'stop_signal=%q\ngrace=%q\naccount=%q\n' "$2" "$3" "$4"
        printf 'command=('
        printf ' %q' "${@:5}"
        printf ' )\n'
    } | write_private "$folder/launch"
    local key value
    while IFS='=' read -r key value; do
        [[ -z $key ]] || printf '%s=%q\n' "$key" "$value"
    done | write_private "$folder/environment"
}

# Starts a process, or starts it again where its binary, settings or configuration changed.
# $1: the name; the rest: files that belong to what it is told.
process_ensure() {
    local name=$1 folder=$RUN_DIR/proc/$1 fingerprint
    fingerprint=$(cat "$folder/launch" "$folder/environment" "${@:2}" | sha256sum)
    if process_alive "$name"; then
        if [[ $(cat "$folder/fingerprint" 2>/dev/null) == "$fingerprint" ]]; then
            note "$name runs already"
            return
        fi
        note "$name changed: it is started again"
        process_stop "$name"
    fi
    rm -f "$folder/supervisor" "$folder/child" "$folder/restarts"
    printf '%s\n' "$fingerprint" >"$folder/fingerprint"
    setsid --fork bash "$ROOT/scripts/supervise" "$name" </dev/null >>"$RUN_DIR/log/supervise.log" 2>&1 9>&-
    wait_until 10 test -s "$folder/supervisor" || fail "the supervisor of $name did not start" \
        "look at $RUN_DIR/log/supervise.log"
}

# Stops a process and its supervisor, and nobody else: a pid that now belongs to a stranger is left alone.
process_stop() {
    local folder=$RUN_DIR/proc/$1 pid grace=30
    if process_alive "$1"; then
        grace=$(sed -n 's/^grace=//p' "$folder/launch")
        read -r pid _ <"$folder/supervisor"
        kill -TERM "$pid" 2>/dev/null || true
        wait_until $((grace + 10)) process_gone "$1" ||
            fail "$1 (supervisor $pid) did not end" "look at $RUN_DIR/log/$1.log"
    fi
    rm -f "$folder/supervisor" "$folder/child" "$folder/fingerprint"
}

process_gone() { ! process_alive "$1"; }
