# shellcheck shell=bash
# What the machine must offer before anything is installed or built. Sourced.

readonly DISK_NEEDED_KB=$((6 * 1024 * 1024)) DISK_NEEDED_BUILT_KB=$((1024 * 1024))
# What a machine sold as 3 GB shows after the kernel took its share.
readonly MEMORY_NEEDED_KB=$((2800 * 1024))

# Puts the Swift toolchain on the PATH and checks its version.
check_toolchain() {
    local folder version
    if ! have swift; then
        for folder in /opt/swift/usr/bin /usr/share/swift/usr/bin "$HOME/.local/share/swiftly/bin"; do
            [[ -x $folder/swift ]] && export PATH="$PATH:$folder"
        done
    fi
    have swift || fail "the Swift toolchain is not on the PATH" \
        "install Swift 6.2 or later for Debian 12 and put its usr/bin on the PATH"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1)
    [[ -n $version ]] || fail "'swift --version' does not answer with a version" "reinstall the Swift toolchain"
    if ((${version%%.*} < 6 || (${version%%.*} == 6 && ${version#*.} < 2))); then
        fail "Swift $version is too old" "install Swift 6.2 or later"
    fi
    note "Swift $version ($(command -v swift))"
}

check_disk() {
    local free needed=$DISK_NEEDED_KB
    [[ -d $ROOT/.build/release ]] && needed=$DISK_NEEDED_BUILT_KB
    free=$(disk_free_kb "$ROOT")
    ((free >= needed)) || fail "$((free / 1024)) MB free on the disk of $ROOT; $((needed / 1024)) MB are needed" \
        "free some space, or check out on a larger disk"
    note "disk: $((free / 1048576)) GB free"
}

check_memory() {
    local total available
    total=$(memory_kb MemTotal) available=$(memory_kb MemAvailable)
    ((total >= MEMORY_NEEDED_KB)) || fail "this machine has $((total / 1024)) MB of memory; 3 GB are needed to build" \
        "use a machine with more memory"
    note "memory: $((total / 1024)) MB, $((available / 1024)) MB available; cores: $(nproc)"
}

# How many compilers may run at once: as many as there are cores, but no more than the memory carries.
build_jobs() { clamp $(($(memory_kb MemAvailable) / (1400 * 1024))) 1 "$(nproc)"; }
