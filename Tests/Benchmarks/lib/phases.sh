# shellcheck shell=bash
# The measurements. Each writes RESULTS/PHASE.SERVER.RUN.json; report.py reads them. Sourced.

# One fact for the report. $1: its name; $2: its value.
fact() { printf '%s\t%s\n' "$1" "$2" >>"$RESULTS/facts.tsv"; }

# Whether a phase was asked for. $1: its name.
chosen() { [[ -z $ONLY || $ONLY == "$1" ]]; }

# Runs the load generator. $1: PHASE.SERVER.RUN; the rest: its arguments. Losses are results, not failures.
load() {
    local name=$1 status=0
    shift
    "$LOAD" --nases "$NASES" --users "$SUBSCRIBERS" -o "$RESULTS/$name.json" "$@" || status=$?
    ((status <= 1)) || fail "the load generator did not run" "see above; the phase was $name"
    python3 "$HERE/report.py" --line "$RESULTS/$name.json" "$name"
}

# Whether somebody answers a login at a port. $1: the port.
login_answered() {
    "$LOAD" --mode pap --port "$1" -n 1 -w 1 --timeout 500 --users 1 -o /dev/null 2>/dev/null
}

# The servers that a phase compares, with their ports. $1: ram or sql; $2: AUTH or ACCT.
contestants() {
    local variable=FREERADIUS_${1^^}_$2_PORT
    ((ALONE)) || printf 'freeradius %s\n' "${!variable}"
    variable=RADIUS_$2_PORT
    printf 'nexora %s\n' "${!variable}"
}

# The servers take turns, so that whatever else happens on the machine meets both.
# proves: RAD-21
phase_pap() {
    local outstanding run server port
    step "Logins by PAP, subscribers in RAM"
    for outstanding in 64 256 1024 4096; do
        for ((run = 1; run <= RUNS; run++)); do
            while read -r server port; do
                load "pap-$outstanding.$server.$run" --mode pap --port "$port" -w "$outstanding" \
                    -W 1 -t "$SECONDS_EACH" --seed "$run"
            done < <(contestants ram AUTH)
        done
    done
}

phase_pap_sql() {
    local run server port
    step "Logins by PAP, FreeRADIUS' subscribers in SQL"
    for ((run = 1; run <= RUNS; run++)); do
        while read -r server port; do
            load "pap-sql.$server.$run" --mode pap --port "$port" -w 64 -W 1 -t "$SECONDS_EACH" --seed "$run"
        done < <(contestants sql AUTH)
    done
}

# From the first packet to the last committed row. A round of the stream fills the tables, then the clock runs.
phase_accounting() {
    local run server port
    step "Accounting to the committed row: $SESSIONS sessions, then $PACKETS packets"
    for ((run = 1; run <= RUNS; run++)); do
        while read -r server port; do
            accounting_run "$server" "$port" "$run"
        done < <(contestants sql ACCT)
    done
}

accounting_run() {
    local server=$1 port=$2 run=$3 stream
    stream=("${ACCOUNTING[@]}" --port "$port" --session-prefix "a$run" --seed "$run")
    settle
    fill "$server" "fill.$server.$run" "${stream[@]}"
    as_superuser postgres psql -X -q -c CHECKPOINT
    processor_time | sort >"$RESULTS/before"
    load "accounting.$server.$run" "${stream[@]}" "${WINDOW[@]}" --from "$SESSIONS" -n "$PACKETS" \
        --truth "$RESULTS/truth.tsv"
    committed "accounting.$server.$run" "$server"
    # What a packet costs each part says where the time goes, also on a machine that has other work.
    processor_time | sort | join "$RESULTS/before" - | while read -r name before after; do
        fact "cpu_us.accounting.$server.$name" "$(awk -v d=$((after - before)) -v n="$PACKETS" 'BEGIN { printf "%.1f", d / n }')"
    done
    rm -f "$RESULTS/truth.tsv" "$RESULTS/before"
    [[ $server != nexora ]] || usage_folded "accounting.$server.$run"
}

# A round of the stream makes the rows of its sessions. $1: the server; $2: the result's name; the rest: the stream.
fill() {
    local server=$1 name=$2
    shift 2
    load "$name" "$@" "${WINDOW[@]}" -n "$SESSIONS" --truth "$RESULTS/truth.tsv"
    committed "$name" "$server"
}

# $1: the phase; $2: the server.
committed() {
    as_superuser postgres python3 "$HERE/committed.py" --table "$2" --load "$RESULTS/$1.json" \
        --truth "$RESULTS/truth.tsv" --within 300 >"$RESULTS/$1.committed.json" ||
        warn "$1: the table is not what was accounted; see $RESULTS/$1.committed.json"
    python3 "$HERE/report.py" --line "$RESULTS/$1.committed.json" "$1 to the last commit"
}

# Commits leave what they add to the days aside, and Nexora folds it in every half minute: that is not part of the time to
# the last row, but it must come out exact, and how long it took is told. $1: the phase.
usage_folded() {
    local before
    before=$(metric accounting-consumer usage_fold_seconds_sum)
    as_superuser postgres python3 "$HERE/usage.py" --within 90 >"$RESULTS/$1.usage.json" ||
        warn "$1: the days do not add up to the sessions; see $RESULTS/$1.usage.json"
    fact fold.seconds "$(metric accounting-consumer usage_fold_seconds_sum | awk -v before="$before" '{ print $1 - before }')"
    python3 "$HERE/report.py" --line "$RESULTS/$1.usage.json" "$1 in usage_daily"
}

# How long an answer takes that promises durability, at a rate that does not wait for it.
phase_ack() {
    local run server port
    step "Accounting acknowledged at $ACK_RATE/s, open loop"
    for ((run = 1; run <= RUNS; run++)); do
        while read -r server port; do
            ack_run "$server" "$port" "$run"
        done < <(contestants sql ACCT)
    done
}

# First for sessions that are there, as nearly all are in an ISP's day; then for sessions never seen before.
ack_run() {
    local server=$1 port=$2 run=$3 stream
    # A round takes ten seconds at this rate.
    stream=("${ACCOUNTING[@]}" --port "$port" --session-prefix "o$run" --seed "$run" --pace 10)
    settle
    fill "$server" "ack-fill.$server.$run" "${stream[@]}"
    # What the other server left to be written, and the fill, is not this one's to wait for.
    as_superuser postgres psql -X -q -c CHECKPOINT
    settle
    load "ack.$server.$run" "${stream[@]}" "${ON_TIME[@]}" --from "$SESSIONS" -W 1 -t "$ACK_SECONDS" \
        --truth "$RESULTS/truth.tsv"
    # What was all acknowledged must be in the table; what was not, nobody knows of.
    ! grep -q '"lost":0,' "$RESULTS/ack.$server.$run.json" || committed "ack.$server.$run" "$server"
    rm -f "$RESULTS/truth.tsv"
    settle
    load "ack-new.$server.$run" "${stream[@]}" "${ON_TIME[@]}" --session-prefix "n$run" -n "$SESSIONS"
}

# How long the directory takes to load, and what it takes to hold.
phase_directory() {
    local run
    step "Loading $SUBSCRIBERS subscribers"
    for ((run = 1; run <= RUNS; run++)); do
        # What earlier phases left to Postgres is not part of the load.
        settle
        process_stop radius-server
        daemon_up "$(daemon_table | head -n 1)" >/dev/null
        daemon_wait radius-server >/dev/null
        # It answers from its snapshot at once; what is measured is the load from Postgres behind that.
        local tries=300
        while [[ $(metric radius-server directory_loads_total) == 0 ]] && ((tries-- > 0)); do sleep 0.1; done
        note "loaded in $(metric radius-server directory_load_seconds) s"
        fact "directory.load_seconds" "$(metric radius-server directory_load_seconds)"
    done
    fact directory.services "$(metric radius-server directory_services)"
    fact directory.octets "$(metric radius-server directory_octets)"
}

# From here on the plan has a limit and its subscribers get addresses from a pool, with both servers.
pools_on() {
    ((!POOLS)) || return 0
    POOLS=1
    nexora pool add homes 10.0.0.0/12 --tenant "$TENANT" >/dev/null
    nexora plan set "$PLAN" --tenant "$TENANT" --address-pool homes --session-limit 5 >/dev/null
    ((ALONE)) || freeradius_pool
    process_stop radius-server
    daemon_up "$(daemon_table | head -n 1)" >/dev/null
    daemon_wait radius-server >/dev/null
    wait_until 30 pool_in_use || fail "no address comes from the pool" "read $RUN_DIR/log/radius-server.log"
}

# A database of its own in Redis, which accounting-consumer does not look at.
allocation_empty() {
    printf 'AUTH %s\r\nSELECT 1\r\nFLUSHDB\r\nQUIT\r\n' "$(secret redis)" \
        >"/dev/tcp/127.0.0.1/$(port_remembered SERVER_REDIS)"
}

# A grant makes the server keep a block of the pool back.
pool_in_use() {
    login_answered "$RADIUS_AUTH_PORT" && [[ $(metric radius-server radius_address_reserve) != 0 ]]
}

# The whole way of a login: policy, session limit, an address.
phase_full() {
    local run server port
    step "Logins with a session limit and an address from a pool"
    pools_on
    for ((run = 1; run <= RUNS; run++)); do
        while read -r server port; do
            settle
            load "full.$server.$run" --mode pap --port "$port" -w 64 -W 1 -t "$SECONDS_EACH" --seed "$run"
        done < <(contestants full AUTH)
    done
}

# First what the allocation alone can do, by the calls of the packet thread; then as logins. There nobody has a slot or an
# address yet: the runs share the subscribers.
phase_addresses() {
    local run share=$((SUBSCRIBERS / RUNS))
    step "A session and an address for each of $SUBSCRIBERS subscribers"
    for ((run = 1; run <= RUNS; run++)); do
        allocation_empty
        settle
        REDIS_URL=${REDIS_URL%/0}/1 "$RUN_DIR/bin/admission-load" "$SUBSCRIBERS" >"$RESULTS/allocation.nexora.$run.json" ||
            warn "the allocation failed; see $RESULTS/allocation.nexora.$run.json"
        note "$(cat "$RESULTS/allocation.nexora.$run.json")"
    done
    allocation_empty
    pools_on
    for ((run = 1; run <= RUNS; run++)); do
        settle
        load "addresses.nexora.$run" --mode pap --port "$RADIUS_AUTH_PORT" -w 256 -n "$share" --in-turn \
            --from $((share * (run - 1))) --equipment 1 --seed "$run"
    done
}

# As after a power cut: nobody logged off, everybody comes back at once, with a session each.
phase_reconnect() {
    local run
    step "$SUBSCRIBERS subscribers on $NASES NASes come back at once"
    pools_on
    for ((run = 1; run <= RUNS; run++)); do
        settle
        load "reconnect.nexora.$run" --mode reconnect --port "$RADIUS_AUTH_PORT" --acct-port "$RADIUS_ACCT_PORT" \
            -w 3200 --timeout 2000 --retries 5 --equipment 2 --session-prefix "r$run" --truth "$RESULTS/truth.tsv" \
            --seed "$run"
        committed "reconnect.nexora.$run" nexora
        rm -f "$RESULTS/truth.tsv"
    done
}

# One lane by billing-worker's own calls, and eight clients who know no lanes beside it; then commands one by one, each with its
# answer, through JetStream and the daemon.
phase_ledger() {
    local run
    step "Transfers"
    for ((run = 1; run <= RUNS; run++)); do
        settle
        ledger_load "hot.nexora.$run" lanes 1 250 "$SECONDS_EACH"
        settle
        ledger_load "hot.naive.$run" naive 8 "$SECONDS_EACH"
        settle
        ledger_load "posts.nexora.$run" posts 256 "$SECONDS_EACH"
    done
}

# $1: the result's name; the rest: what ledger-load is told.
ledger_load() {
    local name=$1
    shift
    "$RUN_DIR/bin/ledger-load" "$@" >"$RESULTS/$name.json" || warn "money is missing; see $RESULTS/$name.json"
    python3 "$HERE/report.py" --line "$RESULTS/$name.json" "$name"
}

# What a packet that uses a quota up sets off, while accounting goes on at the rate of the phase ack and every service has a quota that is
# counted. Fresh probes for each run: a quota is used up once.
phase_quota() {
    local run
    step "Quotas used up at $ACK_RATE accounting packets/s"
    probe_plan
    for ((run = 1; run <= RUNS; run++)); do quota_run "$run"; done
}

# The plan of the probes, and a quota for every plan.
probe_plan() {
    [[ ! -e $RUN_DIR/probe-plan ]] || return 0
    nexora plan add Probe --tenant "$TENANT" --download 50M --upload 10M --price 19.90 >/dev/null
    as_superuser nexora psql -X -q -v ON_ERROR_STOP=1 >/dev/null <<SQL
INSERT INTO plan_quotas (tenant_id, plan_id, position, name, allowance, policy, throttle_download_bps, throttle_upload_bps,
    top_up_amount, top_up_price)
SELECT p.tenant_id, p.id, 1, 'Month', CASE p.name WHEN 'Probe' THEN 10000000 ELSE 1000000000000000 END, 'throttle', 1000000, 1000000,
    1000000000, 10000
FROM plans p;
SQL
    : >"$RUN_DIR/probe-plan"
}

# Fresh probes. $1: a number of their own; $2: how many. Their names, services and customers come to $RUN_DIR/probes.
probes() {
    local file=$RUN_DIR/probes.csv
    python3 "$HERE/subscribers.py" probes "$2" "$1" >"$file"
    nexora import "$file" --tenant "$TENANT" >"$RUN_DIR/log/import.log" 2>&1 || fail "the import failed" "read $RUN_DIR/log/import.log"
    as_superuser nexora psql -X -q -A -t -F ' ' -c "SELECT username, id, customer_id FROM services WHERE username LIKE 'p$1-%' ORDER BY 1" \
        >"$RUN_DIR/probes"
}

# From a packet, and from a payment, to the acknowledgement of the NAS, with 10,000 sessions on 100 NASes that go on reporting.
# proves: COA-02 FUP-01
phase_enforce() {
    local run
    step "Speeds that follow a packet and a payment, with $ENFORCED sessions on $NASES NASes"
    probe_plan
    gateway_on
    for ((run = 1; run <= RUNS; run++)); do enforce_run "$run"; done
}

# $1: the run.
enforce_run() {
    local run=$1 stream quota
    stream=(--mode acct --sessions "$ENFORCED" --repeats 2 --port "$RADIUS_ACCT_PORT" --session-prefix "e$run" --seed "$run" --pace 10)
    probes $((run + 100)) $((ACK_SECONDS * 15))
    quota=$(as_superuser nexora psql -X -q -A -t -c "SELECT q.id FROM plan_quotas q JOIN plans p ON p.id = q.plan_id WHERE p.name = 'Probe'")
    # The generator's sessions send no Class back: what changed since they began would be told to each of them first.
    as_superuser nexora psql -X -q -v ON_ERROR_STOP=1 <<SQL
ALTER TABLE services DISABLE TRIGGER USER;
ALTER TABLE plans DISABLE TRIGGER USER;
ALTER TABLE customers DISABLE TRIGGER USER;
UPDATE services SET updated_at = updated_at - interval '1 year';
UPDATE plans SET updated_at = updated_at - interval '1 year';
UPDATE customers SET updated_at = updated_at - interval '1 year';
ALTER TABLE services ENABLE TRIGGER USER;
ALTER TABLE plans ENABLE TRIGGER USER;
ALTER TABLE customers ENABLE TRIGGER USER;
SQL
    load "enforce-fill.nexora.$run" "${stream[@]}" "${WINDOW[@]}" -n "$ENFORCED"
    as_superuser nexora psql -X -q -c ANALYZE
    sign_in 1
    settle
    # Each session reports every ten seconds: thirty times as often as they would.
    load "enforce-load.nexora.$run" "${stream[@]}" -r $((ENFORCED / 10)) --tick 1000 --realtime --timeout 3000 --from "$ENFORCED" -W 1 \
        -t "$((ACK_SECONDS + 15))" &
    python3 "$HERE/enforce/round_trips.py" "$RADIUS_ACCT_PORT" "$NASES" "$ACK_SECONDS" "$(gateway_url)" "$quota" <"$RUN_DIR/probes" \
        >"$RESULTS/enforce.lines" || warn "nothing was enforced"
    wait $!
    sed -n 1p "$RESULTS/enforce.lines" >"$RESULTS/enforce.nexora.$run.json"
    sed -n 2p "$RESULTS/enforce.lines" >"$RESULTS/restore.nexora.$run.json"
    rm -f "$RESULTS/enforce.lines"
    python3 "$HERE/report.py" --line "$RESULTS/enforce.nexora.$run.json" "enforce.nexora.$run"
    python3 "$HERE/report.py" --line "$RESULTS/restore.nexora.$run.json" "restore.nexora.$run"
}

# $1: the run.
quota_run() {
    local run=$1 stream
    stream=("${ACCOUNTING[@]}" --port "$RADIUS_ACCT_PORT" --session-prefix "q$run" --seed "$run" --pace 10)
    probes "$run" $((ACK_SECONDS * 15))
    settle
    fill nexora "quota-fill.nexora.$run" "${stream[@]}"
    as_superuser nexora psql -X -q -c ANALYZE
    settle
    load "quota-load.nexora.$run" "${stream[@]}" "${ON_TIME[@]}" --from "$SESSIONS" -W 1 -t "$ACK_SECONDS" &
    python3 "$HERE/quota/crossings.py" "$RADIUS_ACCT_PORT" 127.0.1.1 "$((ACK_SECONDS - 2))" <"$RUN_DIR/probes" \
        >"$RESULTS/quota.nexora.$run.json" || warn "no quota was told"
    wait $!
    python3 "$HERE/report.py" --line "$RESULTS/quota.nexora.$run.json" "quota.nexora.$run"
}

# From a notice's row to the mail server that took it: at a rate at which nobody waits, and at one that keeps the notifier busy.
# proves: NTF-08
phase_notices() {
    local run
    step "Notices by mail, 100 and 1,000 a second"
    # The mail server is on this machine, and a tenant's.
    process_stop notifier
    daemon_up "$(daemon_table | grep '^notifier ') NEXORA_NOTICES_PRIVATE_ADDRESSES=true" >/dev/null
    daemon_wait notifier >/dev/null
    for ((run = 1; run <= RUNS; run++)); do
        notices_run notices "$run" 100
        notices_run notices-full "$run" 1000
    done
}

# $1: the result's name; $2: the run; $3: notices a second.
notices_run() {
    settle
    as_superuser nexora python3 "$HERE/notices/told.py" "$TENANT" "$3" "$ACK_SECONDS" "r$2-$3" >"$RESULTS/$1.nexora.$2.json" ||
        warn "nobody was told; see $RUN_DIR/log/notifier.log"
    python3 "$HERE/report.py" --line "$RESULTS/$1.nexora.$2.json" "$1.nexora.$2"
}

note_lengths() {
    fact runs "$RUNS"
    fact seconds_each "$SECONDS_EACH"
    fact sessions "$SESSIONS"
    fact packets "$PACKETS"
    fact ack_seconds "$ACK_SECONDS"
    fact http_seconds "$HTTP_SECONDS"
}

note_machine() {
    fact processor "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
    fact cores "$(nproc)"
    fact memory_mb "$(($(memory_kb MemTotal) / 1024))"
    fact kernel "$(uname -r)"
    fact disk "$(df --output=fstype "$(data_root)" | tail -n 1)"
    fact fsync_us "$(python3 "$HERE/sync_time.py" "$(data_root)")"
    fact receive_buffer_maximum "$(cat /proc/sys/net/core/rmem_max)"
    fact version.postgres "$("$POSTGRES_BIN/postgres" --version | sed 's/.*) //; s/ .*//')"
    fact version.nats "$(nats-server --version | sed 's/.*v//')"
    fact version.nexora "$(git -C "$ROOT" describe --always --dirty 2>/dev/null || echo unknown)"
    ((ALONE)) || fact version.freeradius "$("$FREERADIUS" -v | sed -n '1s/.*Version \([0-9.]*\).*/\1/p')"
}
