# shellcheck shell=bash
# Debian packages: what is missing, and how it gets here without starting any service. Sourced.

RUN_PACKAGES=(libpq-dev libssl-dev libnats-dev libhiredis-dev libmicrohttpd-dev libwslay-dev zlib1g-dev
    libcrypt-dev libargon2-dev libcurl4-openssl-dev libpango1.0-dev libcairo2-dev
    libxlsxwriter-dev pkg-config fonts-dejavu-core nats-server redis-server postgresql-15 freeradius-utils)
TEST_PACKAGES=(chromium poppler-utils protobuf-compiler python3-venv freeradius freeradius-postgresql shellcheck
    eapoltest hostapd wpasupplicant strongswan-swanctl charon-systemd libcharon-extra-plugins
    libcharon-extauth-plugins libstrongswan-standard-plugins iproute2 iputils-ping openssl kannel kannel-extras)
# Its absence costs one check, not the run.
OPTIONAL_TEST_PACKAGES=(docker-compose)
# What those packages would start at the next boot: our servers are private ones.
PACKAGE_SERVICES=(nats-server.service redis-server.service postgresql.service freeradius.service hostapd.service
    wpa_supplicant.service strongswan.service kannel.service)

readonly POLICY=/usr/sbin/policy-rc.d
# Stands in our policy, so that one left behind by a killed run is recognised.
readonly POLICY_MARK='# nexora: no service starts while packages are installed'

package_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

packages_missing() {
    local package
    for package in "$@"; do package_installed "$package" || printf '%s\n' "$package"; done
}

# Runs a command as root, by sudo where needed.
as_root() {
    if is_root; then
        "$@"
    else
        sudo "$@"
    fi
}

require_root_for() {
    is_root && return
    have sudo || fail "these packages are missing and there is no sudo here: $*" \
        "as root: apt-get update && apt-get install --no-install-recommends $*"
    sudo -n true 2>/dev/null || [[ -t 0 ]] || fail "sudo asks for a password and nobody can answer" \
        "as root: apt-get update && apt-get install --no-install-recommends $*"
}

# invoke-rc.d asks this file before it starts a service; 101 means no. One that was there before is put back.
forbid_services() {
    if as_root test -e "$POLICY" && ! as_root grep -qF "$POLICY_MARK" "$POLICY"; then
        as_root mv -f "$POLICY" "$POLICY.before-nexora"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
    as_root chmod 0755 "$POLICY"
}

restore_services() {
    if as_root grep -qsF "$POLICY_MARK" "$POLICY"; then as_root rm -f "$POLICY"; fi
    if as_root test -e "$POLICY.before-nexora"; then as_root mv -f "$POLICY.before-nexora" "$POLICY"; fi
}

# The units that are enabled now, so that only those that this installation brought are disabled after it.
services_enabled() {
    local service
    have systemctl || return 0
    for service in "${PACKAGE_SERVICES[@]}"; do
        systemctl is-enabled --quiet "$service" 2>/dev/null && printf '%s\n' "$service"
    done
    return 0
}

disable_new_services() {
    local service
    for service in $(services_enabled); do
        [[ $'\n'$1$'\n' == *$'\n'"$service"$'\n'* ]] && continue
        as_root systemctl disable --quiet "$service" 2>/dev/null &&
            note "disabled $service, which would start at the next boot beside our private one"
    done
    return 0
}

fetch_and_install() {
    as_root apt-get update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            -o DPkg::Lock::Timeout=300 "$@"
}

# Installs packages. $@: their names. Returns 1 where apt-get failed; its last words were printed.
install_packages() {
    local log=$RUN_DIR/log/packages.log enabled status=0
    require_root_for "$@"
    note "installing: $*"
    enabled=$(services_enabled)
    trap restore_services EXIT
    forbid_services
    with_progress "$log" fetch_and_install "$@" || status=1
    restore_services
    trap - EXIT
    disable_new_services "$enabled"
    ((status == 0)) || tail -n 5 "$log" | sed 's/^/    apt: /' >&2
    return "$status"
}
