# shellcheck shell=bash
# The phases over HTTP. The gateway runs with limits that count and do not refuse. Sourced.

readonly WATCHERS=6 LIVE_RATE=2000
GATEWAY_READY=0

require_wrk() { have wrk || fail "wrk is not installed" "apt-get install wrk"; }

require_browser() {
    [[ -x /usr/bin/chromium && -x $ROOT/.venv/bin/python ]] || fail "the phase live needs Chromium and the tests' Python tools" \
        "make check installs both"
}

gateway_url() { printf 'http://127.0.0.1:%s' "$GATEWAY_PORT"; }

# One of the programs in http/, with everybody's password.
people() { BENCH_PASSWORD=$(secret people) python3 "$HERE/http/$1" "${@:2}"; }

# Starts the gateway with raised limits, and makes a provider's administrators and the targets.
gateway_on() {
    ((!GATEWAY_READY)) || return 0
    GATEWAY_READY=1
    local line
    line=$(daemon_table | grep '^api-gateway ')
    line+=" NEXORA_LIMITS_ADDRESS=100000000 NEXORA_LIMITS_CLIENT=100000000 NEXORA_LIMITS_TENANT=100000000"
    line+=" NEXORA_LIMITS_BURST=1000000 NEXORA_LIMITS_BURST_PER_SECOND=1000000 NEXORA_LIMITS_LOGINS=1000 NEXORA_LIMITS_PAYMENTS=0"
    line+=" NEXORA_LIVE_CONNECTIONS_PER_USER=1000"
    process_stop api-gateway
    daemon_up "$line" >/dev/null
    daemon_wait api-gateway >/dev/null
    PROVIDER=$(as_superuser nexora psql -X -q -A -t -c "SELECT id FROM tenants WHERE subdomain = '$TENANT'")
    BENCH_SECRET=$(nexora bootstrap --admin admin@bench.example --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["adminSecret"])')
    export BENCH_SECRET
    people users.py make "$(gateway_url)" "$PROVIDER" "$WATCHERS" >/dev/null
    unset BENCH_SECRET
    as_superuser nexora psql -X -q -c "UPDATE users SET email_verified_at = now(), password_hash =
        (SELECT password_hash FROM users WHERE email = 'admin@bench.example') WHERE email LIKE 'bench-%'"
    as_superuser nexora psql -X -q -c 'VACUUM ANALYZE'
    as_superuser nexora psql -X -q -A -t -c "SELECT id FROM customers WHERE tenant_id = '$PROVIDER'" |
        people targets.py reads "$RUN_DIR"
    shuf --random-source=<(yes) -n "$((SUBSCRIBERS / 100))" "$RUN_DIR/reads.targets" >"$RUN_DIR/hot.targets"
    people targets.py search "$RUN_DIR" "$SUBSCRIBERS"
    printf '/api/v1/auth/me\n' >"$RUN_DIR/me.targets"
    note "$(wc -l <"$RUN_DIR/reads.targets") customers, $WATCHERS administrators of their provider"
}

# Access tokens live a quarter of an hour: each phase takes new ones.
sign_in() {
    people users.py tokens "$(gateway_url)" "$PROVIDER" "$1" | write_private "$RUN_DIR/tokens"
    BENCH_TOKEN=$(head -n 1 "$RUN_DIR/tokens")
    export BENCH_TOKEN
}

# Runs wrk. $1: PHASE.SERVER.RUN; $2: the targets; $3: connections; $4: the seed.
http_load() {
    local before=$RESULTS/before
    # A second for connections, caches and plans, that does not count.
    http_load_once "$RESULTS/warm" "$2" "$3" "$4" 1
    processor_time | sort >"$before"
    http_load_once "$RESULTS/$1.json" "$2" "$3" "$4" "$HTTP_SECONDS"
    processor_time | sort | join "$before" - >"$RESULTS/after"
    http_cost "${1%%.*}" "$RESULTS/$1.json" <"$RESULTS/after"
    rm -f "$before" "$RESULTS/after" "$RESULTS/warm"
    python3 "$HERE/report.py" --line "$RESULTS/$1.json" "$1"
}

http_load_once() {
    BENCH_TARGETS=$RUN_DIR/$2.targets BENCH_RESULT=$1 BENCH_SEED=$4 wrk -t 1 -c "$3" -d "${5}s" --timeout 10s \
        -s "$HERE/http/${BENCH_SCRIPT:-load.lua}" "$(gateway_url)" >"$RUN_DIR/log/wrk.log" || fail "wrk did not run" "read $RUN_DIR/log/wrk.log"
}

# What a request costs each part, in microseconds of a processor. $1: the phase; $2: its result.
http_cost() {
    local requests name before after
    requests=$(python3 -c 'import json, sys; print(max(1, json.load(open(sys.argv[1]))["requests"]))' "$2")
    while read -r name before after; do
        fact "cpu_us.$1.nexora.$name" "$(awk -v d=$((after - before)) -v n="$requests" 'BEGIN { printf "%.1f", d / n }')"
    done
}

# Customers by their id: the whole way of a request, with its token, its limits, and whether he may. First of the hundredth that is
# looked at on a busy day, who are soon in memory; then of all, whom the database has; then one's own account, which is never kept.
phase_reads() {
    local run
    require_wrk
    step "Authenticated reads over HTTP, of $SUBSCRIBERS customers"
    gateway_on
    sign_in 1
    for ((run = 1; run <= RUNS; run++)); do
        settle
        http_load "reads.nexora.$run" hot 64 "$run"
        http_load "cold.nexora.$run" reads 64 "$run"
        http_load "me.nexora.$run" me 64 "$run"
    done
}

# Top-ups over HTTP, each with its payment, its transfer in the ledger and its answer, of customers taken at random.
phase_money() {
    local run
    require_wrk
    step "Money posted over HTTP, with the result"
    gateway_on
    sign_in 1
    # Tables that were empty a moment ago: what autovacuum does within a minute is not waited for.
    BENCH_SCRIPT=money.lua http_load_once "$RESULTS/warm" hot 64 0 2
    rm -f "$RESULTS/warm"
    as_superuser nexora psql -X -q -c ANALYZE
    for ((run = 1; run <= RUNS; run++)); do
        settle
        BENCH_SCRIPT=money.lua http_load "money.nexora.$run" hot 64 "$run"
    done
}

# As many at once as people who look something up at the same time: first of the provider, who has nearly all customers, then of
# the operator above him and a thousand small ones.
phase_lists() {
    require_wrk
    step "Lists of 50 and searches among $SUBSCRIBERS customers"
    gateway_on
    list_and_search 1 ''
    small_providers 1000
    list_and_search 0 -operator
}

# $1: the user's number, as users.py takes it; $2: what the results' names end with.
list_and_search() {
    local run
    sign_in "$1"
    people targets.py list "$RUN_DIR" "$(gateway_url)"
    for ((run = 1; run <= RUNS; run++)); do
        settle
        http_load "list$2.nexora.$run" list 4 "$run"
        http_load "search$2.nexora.$run" search 4 "$run"
    done
}

# Providers with ten customers each. $1: how many.
small_providers() {
    as_superuser nexora psql -X -q -v ON_ERROR_STOP=1 -v count="$1" <<'SQL'
INSERT INTO tenants (parent_id, kind, name, subdomain)
SELECT operator_tenant(), 'provider', 'Small ' || i, 'small-' || i FROM generate_series(1, :count) i ON CONFLICT DO NOTHING;
INSERT INTO customers (tenant_id, code, name, phone, address)
SELECT t.id, 'S' || i, 'Piccolo ' || i, '+39', 'Via ' || i FROM tenants t, generate_series(1, 10) i
WHERE t.subdomain LIKE 'small-%' ON CONFLICT DO NOTHING;
VACUUM ANALYZE tenants, customers;
SQL
}

phase_live() {
    local run
    require_browser
    step "$LIVE_RATE events a second into a page of a browser"
    gateway_on
    for ((run = 1; run <= RUNS; run++)); do
        settle
        BENCH_PASSWORD=$(secret people) "$ROOT/.venv/bin/python" "$HERE/http/live.py" "$(gateway_url)" bench-0@bench.example \
            "$PROVIDER" "$LIVE_RATE" "$LIVE_SECONDS" >"$RESULTS/live.nexora.$run.json" || fail "the browser saw nothing"
        python3 "$HERE/report.py" --line "$RESULTS/live.nexora.$run.json" "live.nexora.$run"
    done
}

phase_sockets() {
    local pid before after hold=$RUN_DIR/hold opened=$RUN_DIR/opened
    step "$SOCKETS idle WebSockets"
    gateway_on
    sign_in "$WATCHERS"
    settle
    before=$(resident_kb "$(process_pid api-gateway)")
    mkfifo "$hold"
    : >"$opened"
    BENCH_TOKENS=$RUN_DIR/tokens python3 "$HERE/http/sockets.py" "$GATEWAY_PORT" "$SOCKETS" <"$hold" >"$opened" &
    pid=$!
    # Until this end of it is closed they stay open.
    exec 7>"$hold"
    wait_until 120 grep -q open "$opened" || fail "the WebSockets did not open" "see above"
    settle
    # Past the first pings, which every one must have answered.
    sleep "$IDLE_SECONDS"
    after=$(resident_kb "$(process_pid api-gateway)")
    fact sockets.open "$(metric api-gateway http_websockets)"
    fact sockets.kb_before "$before"
    fact sockets.kb_after "$after"
    exec 7>&-
    wait "$pid" || fail "the WebSockets did not last" "see above"
    note "$(tr '\n' ' ' <"$opened") resident $before kB before, $after kB with them"
}
