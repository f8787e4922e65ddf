#!/usr/bin/env bash
# run.sh [SECONDS]: fuzzes the packet codec under libFuzzer and AddressSanitizer, seeded with the test vectors.
# Everything is built apart from the product, in .build/fuzz; octets that break something stay there as findings/*.
# NEXORA_FUZZ_SEED repeats a run.
set -euo pipefail

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: run.sh [SECONDS], a whole number from 1" >&2; exit 64; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/.build/fuzz
vectors=$root/Tests/Shared/RADIUS
mkdir -p "$build/corpus" "$build/findings"

# shellcheck disable=SC2054 # -sanitize takes its list with commas
flags=(
    -swift-version 6 -O -g -package-name nexora -parse-as-library -sanitize=address,fuzzer
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility -strict-memory-safety
    -I "$root/Shared/CLibraries/COpenSSL" -I "$build"
)
objects=()
for module in WireFormat Crypto RADIUS; do
    echo "compiling $module"
    swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module -emit-module-path "$build/$module.swiftmodule" \
        -emit-object -o "$build/$module.o" "$root/Shared/$module"/*.swift
    objects+=("$build/$module.o")
done
echo "linking the fuzzer"
swiftc "${flags[@]}" -module-name PacketFuzzer -o "$build/packet-fuzzer" \
    "$root/Tests/Fuzz/PacketFuzzer.swift" "$vectors/CodecExercise.swift" "${objects[@]}" -lcrypto

# The seeds are the hexadecimal literals of the vector files, their continued lines joined.
index=0
while read -r packet; do
    index=$((index + 1))
    # shellcheck disable=SC2001 # a backslash for every pair of digits is beyond ${x//}
    printf '%b' "$(sed 's/../\\x&/g' <<<"$packet")" >"$build/corpus/vector-$index"
done < <(sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' "$vectors"/*Vectors.swift | grep -oE '\b[0-9a-f]{40,}\b')
[[ $index -gt 0 ]] || { echo "no vectors found in $vectors" >&2; exit 1; }

echo "fuzzing for $seconds s from $index seeds"
exec "$build/packet-fuzzer" -max_total_time="$seconds" -max_len=4200 -timeout=5 -rss_limit_mb=2048 \
    -seed="${NEXORA_FUZZ_SEED:-0}" -print_final_stats=1 -artifact_prefix="$build/findings/" "$build/corpus"
