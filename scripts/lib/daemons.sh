# shellcheck shell=bash
# The daemons: what each is told beyond the common settings, how they are built, started and awaited. Sourced.

# One line per daemon: its product, then its own settings. $RADIUS_AUTH_PORT and the like are chosen by then.
daemon_table() {
    cat <<TABLE
radius-server NEXORA_RADIUS_AUTH_PORT=$RADIUS_AUTH_PORT NEXORA_RADIUS_ACCT_PORT=$RADIUS_ACCT_PORT NEXORA_KEYRING_PATH=$KEYRING NEXORA_JOURNAL_PATH=$RUN_DIR/journal NEXORA_SNAPSHOT_PATH=$RUN_DIR/directory.snapshot
accounting-consumer
billing-worker NEXORA_KEYRING_PATH=$KEYRING
provisioner NEXORA_KEYRING_PATH=$KEYRING
notifier NEXORA_KEYRING_PATH=$KEYRING
api-gateway NEXORA_HTTP_PORT=$GATEWAY_PORT NEXORA_WEB_PATH=$ROOT/Services/web NEXORA_KEYRING_PATH=$KEYRING NEXORA_RADIUS_SERVER=127.0.0.1 NEXORA_RADIUS_AUTH_PORT=$RADIUS_AUTH_PORT NEXORA_RADIUS_ACCT_PORT=$RADIUS_ACCT_PORT
TABLE
}

# The products that make up builds, the command line among them.
readonly DAEMONS=(radius-server accounting-consumer billing-worker provisioner notifier api-gateway) COMMAND=nexora

# RADIUS_SERVER for radius-server.
daemon_constant() { tr 'a-z-' 'A-Z_' <<<"$1"; }

daemon_admin_port() { port_remembered "ADMIN_$(daemon_constant "$1")"; }

# Builds one product in release mode and installs it in .run/bin, so that what runs stays whole during a later build.
build_product() {
    local product=$1 log=$RUN_DIR/log/build.log built
    if ! with_progress "$log" swift build --package-path "$ROOT" -c release -j "$JOBS" \
        -Xswiftc -cross-module-optimization --product "$product"; then
        grep -E 'error:' "$log" | sort -u | head -n 10 | sed 's/^/    /' >&2 || true
        fail "$product does not build" "read $log" "killed without an error: free some memory, then repeat"
    fi
    built=$RELEASE_DIR/$product
    if ! cmp -s "$built" "$RUN_DIR/bin/$product"; then
        cp "$built" "$RUN_DIR/bin/$product.new"
        mv -f "$RUN_DIR/bin/$product.new" "$RUN_DIR/bin/$product"
        note "$product: new"
    else
        note "$product: unchanged"
    fi
}

build_all() {
    local product
    JOBS=$(build_jobs)
    RELEASE_DIR=$(swift build --package-path "$ROOT" -c release --show-bin-path)
    mkdir -p "$RUN_DIR/bin"
    note "release build, $JOBS at a time; the first takes some minutes"
    for product in "$COMMAND" "${DAEMONS[@]}"; do build_product "$product"; done
}

# Starts a daemon with the common settings and its own. $1: its line of the table.
daemon_up() {
    local name settings=() port
    read -r name _ <<<"$1"
    read -ra settings <<<"${1#"$name"}"
    port=$(port_choose "ADMIN_$(daemon_constant "$name")" tcp "$name")
    process_define "$name" TERM 30 '' "$RUN_DIR/bin/$name" < <(
        printf '%s\n' "DATABASE_URL=$DATABASE_URL" "NATS_URL=$NATS_URL" "REDIS_URL=$REDIS_URL" \
            "NEXORA_ADMIN_ADDRESS=127.0.0.1" "NEXORA_ADMIN_PORT=$port" "${settings[@]}"
    )
    process_ensure "$name" "$RUN_DIR/bin/$name"
}

daemon_ready() { http_get "$(daemon_admin_port "$1")" /ready >"$RUN_DIR/proc/$1/ready"; }

# What a log says went wrong: its last errors, or else its last lines.
last_words() {
    local errors
    errors=$(tail -n 300 "$1" | grep -E '"level":"(error|fatal)"|runtime failure|Fatal error' | tail -n 5 || true)
    [[ -n $errors ]] || errors=$(tail -n 5 "$1")
    cut -c1-400 <<<"$errors" | sed 's/^/    /'
}

# Waits until a daemon says that it is ready; gives up early when it keeps ending.
daemon_wait() {
    local name=$1 deadline=$((SECONDS + 60)) restarts
    until daemon_ready "$name"; do
        restarts=$(cat "$RUN_DIR/proc/$name/restarts" 2>/dev/null || echo 0)
        if ((SECONDS > deadline || restarts >= 3)); then
            last_words "$RUN_DIR/log/$name.log" >&2
            [[ ! -s $RUN_DIR/proc/$name/ready ]] || sed 's/^/    \/ready: /' "$RUN_DIR/proc/$name/ready" >&2
            fail "$name is not ready (it ended $restarts times)" "read $RUN_DIR/log/$name.log" \
                "try its settings alone: (unset \${!NEXORA_*}; set -a; . $RUN_DIR/proc/$name/environment; $RUN_DIR/bin/$name --check)"
        fi
        sleep 0.2
    done
    note "$name is ready"
}
