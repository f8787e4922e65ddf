# shellcheck shell=bash
# The private servers of a benchmark, Nexora's daemons and their directory. Sourced after scripts/lib.

readonly TENANT=bench PLAN='Home 50' NASES=100

# A tool of Postgres as its superuser. $1: the database; the rest: the tool with its arguments.
as_superuser() {
    local database=$1
    shift
    PGHOST=127.0.0.1 PGPORT=$(port_remembered SERVER_POSTGRES) PGUSER=postgres \
        PGPASSWORD=$(secret postgres-superuser) PGDATABASE=$database PATH=$POSTGRES_BIN:$PATH "$@"
}

start_servers() {
    local port
    port=$(port_choose SERVER_POSTGRES tcp postgres)
    postgres_up "$port"
    # Both servers are timed by what Postgres says about its commits.
    as_superuser postgres psql -X -q -c 'ALTER SYSTEM SET track_commit_timestamp = on'
    process_stop postgres
    postgres_up "$port" >/dev/null
    DATABASE_URL=$(postgres_url "$port")
    port=$(port_choose SERVER_NATS tcp nats)
    nats_up "$port"
    NATS_URL=$(nats_url "$port")
    port=$(port_choose SERVER_REDIS tcp redis)
    redis_up "$port"
    REDIS_URL=$(redis_url "$port")
    export DATABASE_URL NATS_URL REDIS_URL
}

nexora() { NEXORA_KEYRING_PATH=$KEYRING NEXORA_MIGRATIONS_PATH=$ROOT/migrations "$RUN_DIR/bin/nexora" "$@" </dev/null; }

# An operator with one provider, its plan, 100 NASes by address and the subscribers.
setup_directory() {
    local number
    KEYRING=$RUN_DIR/keyring
    nexora key init >/dev/null
    nexora migrate up >/dev/null
    nexora bootstrap --name Bench --subdomain operator >/dev/null
    nexora tenant add Bench --subdomain "$TENANT" >/dev/null
    nexora plan add "$PLAN" --tenant "$TENANT" --download 50M --upload 10M --price 19.90 >/dev/null
    for ((number = 1; number <= NASES; number++)); do
        nexora nas add "nas-$number" --tenant "$TENANT" --address "127.0.1.$number" --vendor mikrotik \
            --auth-rate 0 --secret-from env:RADIUS_SECRET >/dev/null
    done
    note "$NASES NASes, 127.0.1.1 to 127.0.1.$NASES"
    python3 "$HERE/subscribers.py" import "$SUBSCRIBERS" >"$RUN_DIR/subscribers.csv"
    local began=$EPOCHREALTIME
    nexora import "$RUN_DIR/subscribers.csv" --tenant "$TENANT" >"$RUN_DIR/log/import.log" 2>&1 ||
        fail "the import failed" "read $RUN_DIR/log/import.log"
    IMPORT_SECONDS=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
    note "$SUBSCRIBERS subscribers imported in $IMPORT_SECONDS s"
    fact import_seconds "$IMPORT_SECONDS"
}

start_daemons() {
    local line
    RADIUS_AUTH_PORT=$(port_choose RADIUS_AUTH_PORT udp radius-server)
    # shellcheck disable=SC2034  # Used by daemon_table, and through its name by contestants.
    RADIUS_ACCT_PORT=$(port_choose RADIUS_ACCT_PORT udp radius-server)
    # shellcheck disable=SC2034  # Likewise.
    GATEWAY_PORT=$(port_choose GATEWAY_PORT tcp api-gateway)
    while read -r line; do
        # FreeRADIUS has no session limit with its users in a file, nor in SQL as Debian sets it up; pools_on gives both one.
        if [[ $line == radius-server* ]]; then REDIS_URL='' daemon_up "$line"; else daemon_up "$line"; fi
    done < <(daemon_table)
    for line in "${DAEMONS[@]}"; do daemon_wait "$line"; done
    login_answered "$RADIUS_AUTH_PORT" || fail "radius-server does not answer a login" "read $RUN_DIR/log/radius-server.log"
}

# A number that a daemon exports. $1: the daemon; $2: the metric, without labels.
metric() { http_get "$(daemon_admin_port "$1")" /metrics | awk -v name="$2" '$1 == name { print $2; exit }'; }

# Stops what runs, daemons first.
stop_servers() {
    local name
    [[ -d $RUN_DIR/proc ]] || return 0
    for name in $(process_names | grep -vxE 'postgres|nats|redis') redis nats postgres; do
        [[ -d $RUN_DIR/proc/$name ]] && (process_stop "$name")
    done
    return 0
}

# Everything that a run left on the disk: its folder, the data that lies elsewhere, and the sockets.
remove_system() {
    local root=$RUN_DIR/data
    [[ ! -s $RUN_DIR/data-root ]] || root=$(cat "$RUN_DIR/data-root")
    [[ $root != /var/lib/nexora-* ]] || rm -rf "$root"
    rm -rf "/tmp/nexora-$(checkout_hash)" "$RUN_DIR"
}

# Resident memory of a process in kilobytes.
resident_kb() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$1/status"; }

# The processes of Postgres share most of their memory: the proportional share counts it once.
postgres_kb() {
    local pid total=0 share
    for pid in $(process_pid postgres) $(pgrep -P "$(process_pid postgres)"); do
        share=$(awk '$1 == "Pss:" { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null) || continue
        total=$((total + ${share:-0}))
    done
    printf '%s\n' "$total"
}

# Processor time used so far by each part, in microseconds: lines of NAME MICROSECONDS. Postgres' includes its backends.
processor_time() {
    local name pids tick
    tick=$((1000000 / $(getconf CLK_TCK)))
    for name in "${DAEMONS[@]}" freeradius-ram freeradius-sql nats redis postgres; do
        process_alive "$name" || continue
        pids=$(process_pid "$name")
        [[ $name != postgres ]] || pids+=" $(pgrep -P "$pids" | tr '\n' ' ')"
        # Fields 14 and 15 are its own, 16 and 17 those of ended children; the name before them may hold blanks.
        for pid in $pids; do sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true; done |
            awk -v name="$name" -v tick="$tick" '{ sum += $12 + $13 + $14 + $15 } END { print name, sum * tick }'
    done
}

# Waits until the servers are done with what was asked of them before: it would be measured with what comes next.
settle() {
    local before after tries
    before=$(processor_total)
    for ((tries = 0; tries < 60; tries++)); do
        sleep 1
        after=$(processor_total)
        # A quarter of one core: six daemons that look for work, and nothing else.
        ((after - before >= 250000)) || return 0
        before=$after
    done
    warn "the servers did not come to rest in a minute"
}

processor_total() { processor_time | awk '{ sum += $2 } END { printf "%d", sum }'; }

note_memory() {
    local name
    for name in "${DAEMONS[@]}" freeradius-ram freeradius-sql nats redis; do
        process_alive "$name" && fact "memory_kb.$name" "$(resident_kb "$(process_pid "$name")")"
    done
    fact memory_kb.postgres "$(postgres_kb)"
}
