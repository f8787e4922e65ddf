# shellcheck shell=bash
# Ports: which are taken, and which this checkout has chosen before. Sourced.

PORTS_FILE=$RUN_DIR/ports

# Whether somebody listens on a port of this machine, at any address. $1: tcp or udp; $2: the port.
# Read from the kernel's tables: with SO_REUSEPORT a second bind may succeed and steal half of the packets.
port_taken() {
    local table hex
    hex=$(printf ':%04X' "$2")
    for table in "/proc/net/$1" "/proc/net/${1}6"; do
        [[ -r $table ]] || continue
        awk -v suffix="$hex" -v kind="$1" '
            NR > 1 && substr($2, length($2) - 4) == suffix && (kind == "udp" || $4 == "0A") { found = 1 }
            END { exit !found }' "$table" && return 0
    done
    return 1
}

# The port remembered under the name $1; empty where there is none.
port_remembered() {
    [[ -r $PORTS_FILE ]] || return 0
    awk -F= -v name="$1" '$1 == name { print $2 }' "$PORTS_FILE"
}

port_remember() {
    local others=
    [[ ! -r $PORTS_FILE ]] || others=$(grep -v "^$1=" "$PORTS_FILE" || true)
    { [[ -z $others ]] || printf '%s\n' "$others"; printf '%s=%s\n' "$1" "$2"; } | write_private "$PORTS_FILE"
}

# Whether a port was already promised to somebody else in this checkout. $1: the port; $2: who asks.
port_promised() {
    [[ -r $PORTS_FILE ]] && awk -F= -v port="$1" -v name="$2" '$2 == port && $1 != name { f = 1 } END { exit !f }' \
        "$PORTS_FILE"
}

# The first free port from $3 up, below the range that the kernel hands out by itself. $1: the name; $2: tcp or udp.
port_search() {
    local port
    for ((port = $3; port < $3 + 2000; port++)); do
        if ! port_promised "$port" "$1" && ! port_taken "$2" "$port"; then
            printf '%s\n' "$port"
            return
        fi
    done
    fail "no free $2 port between $3 and $((port - 1))" "see who holds them: ss -lntup"
}

# Chooses a port and remembers it. $1: its name; $2: tcp or udp; $3: the process that holds it while it runs;
# $4: a wish that goes before what is remembered (optional). Two checkouts begin their search at different places.
port_choose() {
    local remembered port
    remembered=$(port_remembered "$1")
    if [[ -n $remembered ]] && process_alive "$3"; then
        printf '%s\n' "$remembered"
        return
    fi
    if [[ -n ${4:-} ]] && ! port_taken "$2" "$4"; then
        port=$4
    elif [[ -n $remembered ]] && ! port_taken "$2" "$remembered"; then
        port=$remembered
    else
        port=$(port_search "$1" "$2" "$((20000 + 0x$(checkout_hash) % 10000))")
    fi
    port_remember "$1" "$port"
    printf '%s\n' "$port"
}

# Eight hexadecimal digits... of this run folder's path, short enough for names under /tmp.
checkout_hash() { printf '%s' "$RUN_DIR" | sha256sum | cut -c1-8; }

# Whether something accepts connections on the loopback port $1.
tcp_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# GET of a path from a loopback port, without curl: prints the body, fails unless the status is 200.
# $1: the port; $2: the path.
http_get() {
    local status
    {
        exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
        printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&3
        read -r -t 5 _ status _ <&3 || return 1
        # The headers end at the first empty line; what follows is the body.
        timeout 5 sed '1,/^\r\{0,1\}$/d' <&3
        exec 3>&-
        [[ $status == 200 ]]
    } 2>/dev/null
}
