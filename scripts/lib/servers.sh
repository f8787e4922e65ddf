# shellcheck shell=bash
# The private Postgres, NATS and Redis. Sourced.

readonly POSTGRES_BIN=/usr/lib/postgresql/15/bin

# The account that a server runs under: our own, or where we are root the first of the named ones that exists.
server_account() {
    local account
    is_root || return 0
    for account in "$@" nobody; do
        getent passwd "$account" >/dev/null && printf '%s\n' "$account" && return
    done
    fail "there is no account to run a server under (tried $* nobody)" "adduser --system nobody"
}

# Runs a command under an account (empty: ours).
as_account() {
    local account=$1
    shift
    if [[ -z $account ]]; then
        "$@"
    else
        (cd / && setpriv --reuid "$account" --regid "$(id -g "$account")" --init-groups "$@")
    fi
}

# Where the servers keep their data: the run folder, or a folder under /var/lib where their accounts cannot reach it
# (a checkout below a folder that only its owner may enter). Chosen once, then remembered with the data in it.
data_root() {
    local remembered=$RUN_DIR/data-root account
    if [[ ! -s $remembered ]]; then
        local root=$RUN_DIR/data
        mkdir -p "$root" && chmod 0711 "$root"
        account=$(server_account postgres)
        if ! as_account "$account" test -x "$root"; then
            rmdir "$root"
            root=/var/lib/nexora-$(checkout_hash)
            mkdir -p "$root" && chmod 0711 "$root"
            warn "the account $account cannot enter $RUN_DIR; the servers keep their data in $root"
        fi
        printf '%s\n' "$root" >"$remembered"
    fi
    cat "$remembered"
}

# A folder of a server's own. $1: the path; $2: its account.
server_folder() {
    mkdir -p "$1"
    chmod 0700 "$1"
    [[ -z $2 ]] || chown "$2:" "$1"
}

# Unix sockets live on a short path: sun_path ends at 108 bytes, and checkouts lie deep.
socket_folder() {
    local folder
    folder=/tmp/nexora-$(checkout_hash)
    if [[ -e $folder || -L $folder ]]; then
        local owner
        owner=$(stat -c %U "$folder")
        [[ ! -L $folder && -d $folder && $owner == "${1:-$(id -un)}" ]] ||
            fail "$folder belongs to somebody else ($owner)" "remove it"
    fi
    server_folder "$folder" "$1"
    printf '%s\n' "$folder"
}

# Writes a configuration file from standard input for a server's account alone. $1: the path; $2: the account.
server_file() {
    write_private "$1"
    [[ -z $2 ]] || chown "$2:" "$1"
}

postgres_account() { server_account postgres; }

# Makes the cluster whole or not at all.
postgres_create() {
    local data=$1 account=$2 draft=$1.new password
    [[ ! -s $data/PG_VERSION ]] || return 0
    note "making a Postgres cluster in $data"
    rm -rf "$draft"
    server_folder "$draft" "$account"
    password=$(dirname "$data")/.postgres-password
    secret postgres-superuser | server_file "$password" "$account"
    as_account "$account" "$POSTGRES_BIN/initdb" -D "$draft" -U postgres --encoding UTF8 --locale C.UTF-8 \
        --auth scram-sha-256 --pwfile "$password" --data-checksums >"$RUN_DIR/log/initdb.log" 2>&1 ||
        fail "initdb failed" "read $RUN_DIR/log/initdb.log"
    rm -f "$password"
    postgres_sizes | server_file "$draft/nexora-sizes.conf" "$account"
    printf "include 'nexora-sizes.conf'\ninclude 'nexora.conf'\n" >>"$draft/postgresql.conf"
    mv "$draft" "$data"
}

# Sizes that fit the machine, chosen when the cluster is made; edit the file to change them.
postgres_sizes() {
    local buffers_mb=$(($(memory_kb MemTotal) / 1024 / 8)) wal_mb
    wal_mb=$(clamp $(($(disk_free_kb "$RUN_DIR") / 1024 / 10)) 512 4096)
    cat <<CONF
shared_buffers = $(clamp "$buffers_mb" 128 1024)MB
effective_cache_size = $(clamp $((buffers_mb * 4)) 512 8192)MB
work_mem = 8MB
maintenance_work_mem = 128MB
max_wal_size = ${wal_mb}MB
min_wal_size = $(clamp $((wal_mb / 4)) 128 1024)MB
CONF
}

# Durable like production: what was committed survives a power cut.
postgres_settings() {
    cat <<CONF
listen_addresses = '127.0.0.1'
port = $1
unix_socket_directories = '$2'
unix_socket_permissions = 0700
max_connections = 200
checkpoint_timeout = 15min
random_page_cost = 1.1
fsync = on
synchronous_commit = on
full_page_writes = on
password_encryption = scram-sha-256
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
log_lock_waits = on
CONF
}

postgres_sql() {
    PGPASSWORD=$(secret postgres-superuser) "$POSTGRES_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$1" -U postgres -d postgres
}

postgres_ready() { "$POSTGRES_BIN/pg_isready" -q -h 127.0.0.1 -p "$1" -U postgres -d postgres; }

# The owner of the schema is no superuser: row-level security holds for it too.
postgres_owner() {
    local port=$1 password
    password=$(secret postgres-owner)
    {
        cat <<'SQL'
SELECT 'CREATE ROLE nexora' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nexora') \gexec
SQL
        printf "ALTER ROLE nexora LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS PASSWORD '%s';\n" "$password"
        cat <<'SQL'
SELECT 'CREATE DATABASE nexora OWNER nexora' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'nexora') \gexec
SQL
    } | postgres_sql "$port" 2>"$RUN_DIR/log/postgres-owner.log" ||
        fail "the role or the database 'nexora' could not be made" "read $RUN_DIR/log/postgres-owner.log"
}

postgres_url() { printf 'postgresql://nexora:%s@127.0.0.1:%s/nexora\n' "$(secret postgres-owner)" "$1"; }

postgres_up() {
    local port=$1 account data sockets
    account=$(postgres_account)
    data=$(data_root)/postgres
    sockets=$(socket_folder "$account")
    postgres_create "$data" "$account"
    postgres_settings "$port" "$sockets" | server_file "$data/nexora.conf" "$account"
    process_define postgres INT 60 "$account" "$POSTGRES_BIN/postgres" -D "$data" </dev/null
    process_ensure postgres "$data/nexora.conf" "$data/nexora-sizes.conf"
    wait_until 60 postgres_ready "$port" ||
        fail "Postgres does not accept connections on port $port" "read $RUN_DIR/log/postgres.log"
    postgres_owner "$port"
    note "Postgres on 127.0.0.1:$port, data in $data"
}

nats_url() { printf 'nats://nexora:%s@127.0.0.1:%s\n' "$(secret nats)" "$1"; }

nats_up() {
    local port=$1 account folder
    account=$(server_account nats)
    folder=$(data_root)/nats
    server_folder "$folder" "$account"
    server_file "$folder/nats.conf" "$account" <<CONF
listen: "127.0.0.1:$port"
server_name: "nexora"
max_payload: 8MB
jetstream {
    store_dir: "$folder"
    max_memory_store: 256MB
}
authorization {
    user: "nexora"
    password: "$(secret nats)"
}
CONF
    process_define nats TERM 30 "$account" "$(command -v nats-server)" -c "$folder/nats.conf" </dev/null
    process_ensure nats "$folder/nats.conf"
    wait_until 30 tcp_answers "$port" ||
        fail "NATS does not accept connections on port $port" "read $RUN_DIR/log/nats.log"
    note "NATS with JetStream on 127.0.0.1:$port, data in $folder"
}

redis_url() { printf 'redis://:%s@127.0.0.1:%s/0\n' "$(secret redis)" "$1"; }

# Whether Redis answers a PING after AUTH, spoken without redis-cli so that no password stands in an argument.
redis_ready() {
    {
        exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
        printf 'AUTH %s\r\nPING\r\n' "$(secret redis)" >&3
        local first second
        read -r -t 2 first <&3 && read -r -t 2 second <&3
        exec 3>&-
        [[ $first$second == *OK*PONG* ]]
    } 2>/dev/null
}

redis_up() {
    local port=$1 account folder
    account=$(server_account redis)
    folder=$(data_root)/redis
    server_folder "$folder" "$account"
    server_file "$folder/redis.conf" "$account" <<CONF
bind 127.0.0.1
port $port
protected-mode yes
daemonize no
dir "$folder"
appendonly yes
appendfsync everysec
# Else the log is written anew every few seconds while many log on.
auto-aof-rewrite-min-size 512mb
save ""
maxmemory-policy noeviction
requirepass $(secret redis)
CONF
    process_define redis TERM 30 "$account" "$(command -v redis-server)" "$folder/redis.conf" </dev/null
    process_ensure redis "$folder/redis.conf"
    wait_until 30 redis_ready "$port" ||
        fail "Redis does not accept connections on port $port" "read $RUN_DIR/log/redis.log"
    note "Redis on 127.0.0.1:$port, data in $folder"
}
