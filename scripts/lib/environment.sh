# shellcheck shell=bash
# What make up tells the people and programs that come after it: .run/env, and commands to try. Sourced.

# Takes a server's URL from outside, or starts the private one. $1: the variable; $2: the server.
# A shell that sourced .run/env names our own server: that is not "from outside".
server_choose() {
    local variable=$1 server=$2 port outside own
    outside=${!variable:-}
    port=$(port_remembered "SERVER_$(daemon_constant "$server")")
    own=
    [[ -z $port ]] || own=$("${server}_url" "$port")
    if [[ -n $outside && $outside != "$own" ]]; then
        note "$variable is given from outside: no private $server is started"
        process_stop "$server"
    else
        port=$(port_choose "SERVER_$(daemon_constant "$server")" tcp "$server")
        "${server}_up" "$port"
        printf -v "$variable" '%s' "$("${server}_url" "$port")"
    fi
    export "${variable?}"
}

# A standard port where it is free, another one said loudly where it is not. $1: the variable; $2: the standard port.
radius_port_choose() {
    local port
    port=$(port_choose "$1" udp radius-server "$2")
    printf -v "$1" '%s' "$port"
    if [[ $port != "$2" ]]; then
        printf '\n    *** UDP port %s is taken by another program: Nexora listens on %s instead. ***\n' "$2" "$port"
        printf '    *** Who has it: ss -lunp sport = :%s. Stop it, then make down up, to get %s back. ***\n\n' "$2" "$2"
    fi
}

# Writes .run/env, to be sourced: the addresses, ports and credentials of what runs.
write_environment() {
    local name
    {
        printf '# Written by make up. Source it: . %q\n' "$RUN_DIR/env"
        for name in RADIUS_AUTH_PORT RADIUS_ACCT_PORT DATABASE_URL NATS_URL REDIS_URL; do
            printf 'export %s=%q\n' "$name" "${!name}"
        done
        printf 'export GATEWAY_URL=http://127.0.0.1:%s\n' "$GATEWAY_PORT"
        printf 'export NEXORA_KEYRING_PATH=%q NEXORA_MIGRATIONS_PATH=%q\n' "$KEYRING" "$ROOT/migrations"
        sed -n 's/^\(RADIUS_SECRET\|DEMO_USER\|DEMO_PASSWORD\)=/export &/p' "$RUN_DIR/demo.env"
        for name in "${DAEMONS[@]}"; do
            printf 'export METRICS_%s=http://127.0.0.1:%s/metrics\n' \
                "$(daemon_constant "$name")" "$(daemon_admin_port "$name")"
        done
    } | write_private "$RUN_DIR/env"
}

# Logs the demo subscriber in with radclient.
try_login() {
    local answer
    answer=$(printf 'User-Name=%s,User-Password=%s,NAS-Port=0,Message-Authenticator=0x00\n' \
        "$DEMO_USER" "$DEMO_PASSWORD" |
        radclient -x -t 2 -r 3 "127.0.0.1:$RADIUS_AUTH_PORT" auth "$RADIUS_SECRET" 2>&1) || true
    if [[ $answer != *Access-Accept* ]]; then
        printf '%s\n' "$answer" | tail -n 5 | sed 's/^/    radclient: /' >&2
        return 1
    fi
    note "$DEMO_USER: Access-Accept"
}

print_what_to_try() {
    cat <<TEXT

Paste these, in this order. The settings first:
  cd $ROOT && . $RUN_DIR/env && SESSION=demo-\$RANDOM
A login (radclient adds Message-Authenticator only when it is told to):
  echo "User-Name=\$DEMO_USER,User-Password=\$DEMO_PASSWORD,NAS-Port=1,Message-Authenticator=0x00" | radclient -x 127.0.0.1:\$RADIUS_AUTH_PORT auth "\$RADIUS_SECRET"
A session: its start, its traffic, its end:
  echo "User-Name=\$DEMO_USER,Acct-Session-Id=\$SESSION,Acct-Status-Type=Start,NAS-Port=1" | radclient -x 127.0.0.1:\$RADIUS_ACCT_PORT acct "\$RADIUS_SECRET"
  echo "User-Name=\$DEMO_USER,Acct-Session-Id=\$SESSION,Acct-Status-Type=Interim-Update,NAS-Port=1,Acct-Session-Time=30,Acct-Input-Octets=1000000,Acct-Output-Octets=9000000" | radclient -x 127.0.0.1:\$RADIUS_ACCT_PORT acct "\$RADIUS_SECRET"
  echo "User-Name=\$DEMO_USER,Acct-Session-Id=\$SESSION,Acct-Status-Type=Stop,NAS-Port=1,Acct-Session-Time=60,Acct-Input-Octets=2000000,Acct-Output-Octets=19000000,Acct-Terminate-Cause=User-Request" | radclient -x 127.0.0.1:\$RADIUS_ACCT_PORT acct "\$RADIUS_SECRET"
The API: its description, and an administrator (the secret lets him choose a password at /api/v1/auth/password/reset):
  curl -s \$GATEWAY_URL/api/v1/openapi.json | head -c 300
  $RUN_DIR/bin/nexora bootstrap --admin you@example.net
What became of it, and everything that happens (ctrl-C ends it):
  $RUN_DIR/bin/nexora session list
  $RUN_DIR/bin/nexora tail --last 10
Then: make status, make logs, make down. Data is kept under $(data_root).
TEXT
}
