# shellcheck shell=bash
# FreeRADIUS 3.2 as Debian ships it, from private copies of its configuration: once with the users in RAM, once with
# everything in SQL. It gets only the modules that the work needs, in the order that is fastest for it. Sourced.

readonly FREERADIUS=/usr/sbin/freeradius FREERADIUS_STOCK=/etc/freeradius/3.0

require_freeradius() {
    [[ -x $FREERADIUS ]] || fail "FreeRADIUS is not installed" \
        "apt-get install freeradius freeradius-postgresql (its service need not run)" "or leave it out: --alone"
    [[ -r $FREERADIUS_STOCK/radiusd.conf ]] || fail "$FREERADIUS_STOCK cannot be read" \
        "run as root or in the group freerad" "or leave FreeRADIUS out: --alone"
    [[ -r $FREERADIUS_STOCK/mods-available/sql && -n $(compgen -G '/usr/lib/freeradius/rlm_sql_postgresql*') ]] ||
        fail "FreeRADIUS has no driver for Postgres" "apt-get install freeradius-postgresql"
}

# A private copy with the given modules and one virtual server. $1: the name; $2: its authorize module (files or sql);
# $3: its accounting module; $4, $5: the ports.
freeradius_configure() {
    local folder=$RUN_DIR/$1 module
    mkdir -p "$folder"
    chmod 0700 "$folder"
    cp -a "$FREERADIUS_STOCK/." "$folder"
    rm -rf "$folder/sites-enabled" "$folder/mods-enabled"
    mkdir -p "$folder/sites-enabled" "$folder/mods-enabled" "$folder/log" "$folder/run"
    for module in always expr pap chap mschap "$2"; do
        ln -s "../mods-available/$module" "$folder/mods-enabled/$module"
    done
    # The largest queue that it allows for, no proxying, and its own folders; its accounts are ours.
    # shellcheck disable=SC2016  # $INCLUDE is FreeRADIUS' word.
    sed -i -E \
        -e "s|^([[:space:]]*)raddbdir *=.*|\1raddbdir = $folder|" \
        -e "s|^([[:space:]]*)logdir *=.*|\1logdir = $folder/log|" \
        -e "s|^([[:space:]]*)run_dir *=.*|\1run_dir = $folder/run|" \
        -e "s|^([[:space:]]*)max_requests *=.*|\1max_requests = 65536|" \
        -e "s|^([[:space:]]*)proxy_requests *=.*|\1proxy_requests = no|" \
        -e '/^[[:space:]]*\$INCLUDE proxy.conf/d' -e '/^[[:space:]]*(user|group) *=/d' "$folder/radiusd.conf"
    freeradius_site "$@" >"$folder/sites-enabled/bench"
    cat >"$folder/clients.conf" <<CONF
client bench {
	ipaddr = 127.0.0.0/8
	secret = $RADIUS_SECRET
	require_message_authenticator = no
}
CONF
    [[ $2 != sql ]] || freeradius_sql >"$folder/mods-available/sql"
    [[ $1 != freeradius-full ]] || freeradius_sqlippool "$folder"
    [[ $2 != files ]] || python3 "$HERE/subscribers.py" files "$SUBSCRIBERS" >"$folder/mods-config/files/authorize"
}

freeradius_site() {
    cat <<CONF
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = $4
		recv_buff = 4194304
	}
	listen {
		type = acct
		ipaddr = 127.0.0.1
		port = $5
		recv_buff = 4194304
	}
	authorize {
		chap
		mschap
		$2
		pap
	}
	authenticate {
		Auth-Type PAP {
			pap
		}
		Auth-Type CHAP {
			chap
		}
		Auth-Type MS-CHAP {
			mschap
		}
	}
	preacct {
		acct_unique
	}
	accounting {
		$3
	}
$(freeradius_full "$1")
}
CONF
}

# What a session limit and addresses need besides. $1: the name.
freeradius_full() {
    [[ $1 == freeradius-full ]] || return 0
    printf '\tsession {\n\t\tsql\n\t}\n\tpost-auth {\n\t\tsqlippool\n\t}\n'
}

# Addresses by the stored procedure, which its authors call much faster than the queries that are the default. $1: the
# folder.
freeradius_sqlippool() {
    local queries=$1/mods-config/sql/ippool/postgresql/queries.conf
    ln -s ../mods-available/sqlippool "$1/mods-enabled/sqlippool"
    sed -i -E 's|^([[:space:]]*)dialect *=.*|\1dialect = "postgresql"|' "$1/mods-available/sqlippool"
    sed -i -E -e '/^allocate_(existing|find) = /,/"$/ s/^/#/' \
        -e '/Use a stored procedure/,$ { /^#allocate_find = /,/^#\t\)"/ s/^#// }' "$queries"
}

# A pool, and a limit as Nexora's.
freeradius_pool() {
    {
        printf 'SET ROLE radius;\n'
        cat "$FREERADIUS_STOCK/mods-config/sql/ippool/postgresql/schema.sql" \
            "$FREERADIUS_STOCK/mods-config/sql/ippool/postgresql/procedure.sql"
        cat <<SQL
INSERT INTO radippool (pool_name, framedipaddress) SELECT 'homes', '10.0.0.0'::inet + n FROM generate_series(1, 1048574) n;
INSERT INTO radgroupcheck (groupname, attribute, op, value)
VALUES ('$PLAN', 'Pool-Name', ':=', 'homes'), ('$PLAN', 'Simultaneous-Use', ':=', '5');
ANALYZE radippool, radgroupcheck;
SQL
    } | as_superuser radius psql -X -q -v ON_ERROR_STOP=1 >"$RUN_DIR/log/freeradius-pool.log" 2>&1 ||
        fail "FreeRADIUS' pool could not be made" "read $RUN_DIR/log/freeradius-pool.log"
    freeradius_start freeradius-full sql sql FREERADIUS_FULL
}

freeradius_sql() {
    # shellcheck disable=SC2016  # ${dialect} is FreeRADIUS' variable.
    sed -E \
        -e 's|^([[:space:]]*)dialect *=.*|\1dialect = "postgresql"|' \
        -e 's|^([[:space:]]*)driver *= *"rlm_sql_null"|\1driver = "rlm_sql_${dialect}"|' \
        -e "s|^#([[:space:]]*)server *= *\"localhost\"|\1server = \"127.0.0.1\"|" \
        -e "s|^#([[:space:]]*)port *= *3306|\1port = $(port_remembered SERVER_POSTGRES)|" \
        -e 's|^#([[:space:]]*)login *= *"radius"|\1login = "radius"|' \
        -e "s|^#([[:space:]]*)password *= *\"radpass\"|\1password = \"$(secret freeradius)\"|" \
        "$FREERADIUS_STOCK/mods-available/sql"
}

freeradius_database() {
    as_superuser postgres psql -X -q -v ON_ERROR_STOP=1 <<SQL
CREATE ROLE radius LOGIN PASSWORD '$(secret freeradius)';
CREATE DATABASE radius OWNER radius;
SQL
    {
        printf 'SET ROLE radius;\n'
        cat "$FREERADIUS_STOCK/mods-config/sql/main/postgresql/schema.sql"
        python3 "$HERE/subscribers.py" sql "$SUBSCRIBERS"
    } | as_superuser radius psql -X -q -v ON_ERROR_STOP=1 >"$RUN_DIR/log/freeradius-schema.log" 2>&1 ||
        fail "FreeRADIUS' tables could not be made" "read $RUN_DIR/log/freeradius-schema.log"
}

# $1: the name; $2: the authorize module; $3: the accounting module; $4: the prefix of its port variables.
freeradius_start() {
    local auth acct
    auth=$(port_choose "$4_AUTH_PORT" udp "$1")
    acct=$(port_choose "$4_ACCT_PORT" udp "$1")
    printf -v "$4_AUTH_PORT" '%s' "$auth"
    printf -v "$4_ACCT_PORT" '%s' "$acct"
    freeradius_configure "$1" "$2" "$3" "$auth" "$acct"
    "$FREERADIUS" -d "$RUN_DIR/$1" -XC >"$RUN_DIR/log/$1-check.log" 2>&1 ||
        fail "FreeRADIUS refuses its configuration" "read $RUN_DIR/log/$1-check.log"
    process_define "$1" TERM 20 '' "$FREERADIUS" -d "$RUN_DIR/$1" -f -l stdout </dev/null
    process_ensure "$1"
    wait_until 120 login_answered "$auth" || fail "FreeRADIUS does not answer" "read $RUN_DIR/log/$1.log"
    note "$1 on ports $auth and $acct"
}

start_freeradius() {
    require_freeradius
    freeradius_database
    freeradius_start freeradius-ram files ok FREERADIUS_RAM
    freeradius_start freeradius-sql sql sql FREERADIUS_SQL
}
