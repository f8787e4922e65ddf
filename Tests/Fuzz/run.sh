#!/usr/bin/env bash
# run.sh [SECONDS]: fuzzes the packet codec, then EAP's parser and state machine, each for half of the time, under
# libFuzzer and AddressSanitizer, seeded with the test vectors.
# Everything is built apart from the product, in .build/fuzz; octets that break something stay there as findings/*.
# NEXORA_FUZZ_SEED repeats a run.
set -euo pipefail

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: run.sh [SECONDS], a whole number from 1" >&2; exit 64; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/.build/fuzz
vectors=$root/Tests/Shared/RADIUS
mkdir -p "$build/corpus" "$build/eap-corpus" "$build/findings"

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
    mapfile -t sources < <(find "$root/Shared/$module" -name '*.swift')
    swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module -emit-module-path "$build/$module.swiftmodule" \
        -emit-object -o "$build/$module.o" "${sources[@]}"
    objects+=("$build/$module.o")
done
echo "linking the fuzzers"
for name in Packet EAP; do
    exercise=$vectors/${name/Packet/Codec}Exercise.swift
    swiftc "${flags[@]}" -module-name "${name}Fuzzer" -o "$build/$name-fuzzer" \
        "$root/Tests/Fuzz/${name}Fuzzer.swift" "$exercise" "${objects[@]}" -lcrypto
done

# The seeds are the hexadecimal literals of the vector files, their continued lines joined.
index=0
while read -r packet; do
    index=$((index + 1))
    # shellcheck disable=SC2001 # a backslash for every pair of digits is beyond ${x//}
    printf '%b' "$(sed 's/../\\x&/g' <<<"$packet")" >"$build/corpus/vector-$index"
done < <(sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' "$vectors"/*Vectors.swift | grep -oE '\b[0-9a-f]{40,}\b')
[[ $index -gt 0 ]] || { echo "no vectors found in $vectors" >&2; exit 1; }

# A conversation by MD5 and one by MSCHAPv2: each packet with its length in front, odd where the identifier is to be mended.
zeros() { printf '\\x00%.0s' $(seq "$1"); }
printf '%b' "\x09\x02\x01\x00\x08\x01bob\x00\x07\x02\x01\x00\x06\x03\x04\x00\x17\x02\x01\x00\x16\x04\x10$(zeros 17)" \
    >"$build/eap-corpus/md5"
printf '%b' "\x09\x02\x01\x00\x08\x01bob\x00\x3f\x02\x01\x00\x3f\x1a\x02\x01\x00\x3a\x31$(zeros 49)bob\x00\x07\x02\x01\x00\x06\x1a\x04\x00" \
    >"$build/eap-corpus/mschapv2"

# fuzz NAME CORPUS LENGTH: one fuzzer for its half of the time.
fuzz() {
    local half=$(((seconds + 1) / 2))
    echo "fuzzing $1 for $half s"
    "$build/$1-fuzzer" -max_total_time="$half" -max_len="$3" -timeout=5 -rss_limit_mb=2048 \
        -seed="${NEXORA_FUZZ_SEED:-0}" -print_final_stats=1 -artifact_prefix="$build/findings/" "$build/$2"
}

echo "$index seeds of packets"
fuzz Packet corpus 4200
fuzz EAP eap-corpus 4200
