# shellcheck shell=bash
# The checks that need no running system. Sourced, after testing.sh.

check_format() {
    local folders
    mapfile -t folders < <(cd "$ROOT" && ls -d Shared Services Tests 2>/dev/null)
    (cd "$ROOT" && swift format lint --strict --parallel --recursive Package.swift "${folders[@]}" 2>&1 | tail -n 30
        exit "${PIPESTATUS[0]}")
}

check_shell() {
    local scripts
    mapfile -t scripts < <(cd "$ROOT" && grep -rlE '^#!.*\b(ba)?sh\b' scripts .ci deployments Tests 2>/dev/null)
    (cd "$ROOT" && shellcheck -x -a "${scripts[@]}")
}

check_containers() {
    if ! have docker-compose; then
        warn "docker-compose is not installed: docker-compose.yml stays unchecked"
        return 0
    fi
    (cd "$ROOT" && docker-compose --env-file .env.example config --quiet)
}

check_trace() {
    "$ROOT/scripts/trace" | tail -n 6
    return "${PIPESTATUS[0]}"
}

static_checks() {
    checked "Formatting (swift format lint --strict)" check_format
    checked "Shell scripts (shellcheck)" check_shell
    checked "Requirements that tests name are known (make trace)" check_trace
    checked "Container files (docker-compose config)" check_containers
    checked "Build with the import check, warnings as errors" build_tests
}

# Whether static_checks got as far as test programs that can run.
built() { [[ " ${FAILURES[*]} " != *"Build with"* ]]; }
