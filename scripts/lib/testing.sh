# shellcheck shell=bash
# What check and test share: one build for both, the Python tools, and the count of results. Sourced.

PASSED=0
FAILED=0
FAILURES=()

# Runs one check and counts it. $1: what it checks; the rest: the command.
checked() {
    local name=$1
    shift
    step "$name"
    if "$@"; then
        PASSED=$((PASSED + 1))
    else
        FAILED=$((FAILED + 1))
        FAILURES+=("$name")
        printf '    FAILED: %s\n' "$name"
    fi
}

# Debug build of everything, tests included. An import that Package.swift does not declare is an error, and so is every
# warning (Package.swift).
build_tests() {
    mkdir -p "$RUN_DIR/log"
    local log=$RUN_DIR/log/build-tests.log
    with_progress "$log" swift build --package-path "$ROOT" --build-tests -j "$(build_jobs)" \
        --explicit-target-dependency-import-check error && return
    grep -E 'error:' "$log" | sort -u | head -n 20 | sed 's/^/    /'
    note "the whole of it: $log"
    return 1
}

# The tests were built by build_tests with the same flags; this only runs them, one after another: side by side in one
# process, the ones that compute keep Swift's few threads from the ones that wait for something to happen. Two such processes
# beside one another leave each other alone; the lock is the build's.
swift_test() {
    SWIFT_BACKTRACE=enable=yes,color=no,interactive=no swift test --package-path "$ROOT" --skip-build --ignore-lock --explicit-target-dependency-import-check error \
        --disable-xctest --no-parallel "$@" </dev/null
}

# Counts what a run of swift_test left, and shows what failed. $1: its name; $2: its status.
swift_result() {
    local log=$RUN_DIR/log/swift-test-$1.log results=$RUN_DIR/results
    if (($2 != 0)); then
        FAILURES+=("Swift tests: $log")
        grep -E '^(✘|↳|error:)' "$log" | head -n 60
        # A process that died says why on its last lines, and which test it was in.
        grep -qE '^✘ Test run with' "$log" || tail -n 60 "$log" | cut -c 1-300
    fi
    grep -E 'Test run with' "$log" | tail -n 1 || true
    # With XCTest left out the file has the name asked for; with it, Swift Testing's results stand beside it.
    [[ -s $results/$1.xml ]] || mv -f "$results/$1-swift-testing.xml" "$results/$1.xml" 2>/dev/null || true
    count_results "$results/$1.xml"
}

# Runs the Python tests of a folder and counts them. $1: the folder under Tests; $2: the results' name; the rest: pytest's options.
pytest_run() {
    local folder=$1 results=$RUN_DIR/results/$2.xml
    step "$2 tests"
    (cd "$ROOT" && .venv/bin/python -m pytest -q -p no:cacheprovider --junitxml "$results" "${@:3}" "Tests/$folder" </dev/null) ||
        FAILURES+=("$2 tests")
    count_results "$results"
}

# Makes .venv, or renews it when Tests/requirements.txt changed.
python_tools() {
    local stamp=$ROOT/.venv/requirements
    cmp -s "$ROOT/Tests/requirements.txt" "$stamp" && return
    rm -rf "$ROOT/.venv"
    /usr/bin/python3 -m venv "$ROOT/.venv" &&
        "$ROOT/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$ROOT/Tests/requirements.txt" &&
        cp "$ROOT/Tests/requirements.txt" "$stamp"
}

# Adds the counts of JUnit files to ours. A test that was reported in none of them is counted by nobody, so a missing or
# empty file is a failure of its own. $@: the files.
count_results() {
    local file counts
    for file in "$@"; do
        counts=$("$ROOT/.venv/bin/python" - "$file" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

try:
    cases = list(tree.parse(sys.argv[1]).getroot().iter("testcase"))
except (OSError, tree.ParseError) as error:
    print(f"{sys.argv[1]}: {error}", file=sys.stderr)
    cases = []
bad = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
skipped = [case for case in cases if case.find("skipped") is not None]
print(len(cases) - len(bad) - len(skipped), len(bad), len(skipped))
PYTHON
        )
        local passed failed skipped
        read -r passed failed skipped <<<"$counts"
        PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((${SKIPPED:-0} + skipped))
        if ((passed + failed == 0)); then
            FAILED=$((FAILED + 1))
            FAILURES+=("$(basename "$file"): no test ran")
        fi
    done
}
