#!/usr/bin/env bash
# run.sh [SECONDS] [TARGET...]: fuzzes under libFuzzer and AddressSanitizer, each target for as long: packet, the packet
# codec; eap, its parser and state machine; attributes, decoding by dictionary; dictionary, the dictionary's parser; http,
# heads of requests and WebSocket frames. All of them without a name. Seeds are the
# test vectors and the server's own dictionary. Everything is built apart from the product, in .build/fuzz; octets that break
# something stay there as findings/*. NEXORA_FUZZ_SEED repeats a run.
set -euo pipefail

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "usage: run.sh [SECONDS] [TARGET...], a whole number from 1" >&2; exit 64; }
targets=("${@:2}")
((${#targets[@]} > 0)) || targets=(packet eap attributes dictionary http)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/.build/fuzz
vectors=$root/Tests/Shared/RADIUS
mkdir -p "$build/findings"

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
    mapfile -t sources < <(find "$root/Shared/$module" -name '*.swift' | sort)
    swiftc "${flags[@]}" -wmo -module-name "$module" -emit-module -emit-module-path "$build/$module.swiftmodule" \
        -emit-object -o "$build/$module.o" "${sources[@]}"
    objects+=("$build/$module.o")
done

# link NAME EXERCISE: one fuzzer from Tests/Fuzz and what it shares with the tests.
link() {
    echo "linking $1"
    swiftc "${flags[@]}" -module-name "$1" -o "$build/$1" \
        "$root/Tests/Fuzz/$1.swift" "$vectors/$2.swift" "${objects[@]}" -lcrypto
}

# packet_seeds FOLDER FROM: the hexadecimal literals of the vector files, their continued lines joined, from that octet on.
packet_seeds() {
    local index=0
    while read -r packet; do
        index=$((index + 1))
        # shellcheck disable=SC2001 # a backslash for every pair of digits is beyond ${x//}
        printf '%b' "$(sed 's/../\\x&/g' <<<"${packet:$2 * 2}")" >"$1/vector-$index"
    done < <(sed -e ':join' -e '/\\$/{N;s/\\\n *//;b join' -e '}' "$vectors"/*Vectors.swift | grep -oE '\b[0-9a-f]{40,}\b')
    [[ $index -gt 0 ]] || { echo "no vectors found in $vectors" >&2; exit 1; }
}

zeros() { printf '\\x00%.0s' $(seq "$1"); }

for target in "${targets[@]}"; do
    corpus=$build/corpus-$target
    mkdir -p "$corpus"
    case $target in
    packet)
        fuzzer=PacketFuzzer length=4200
        link PacketFuzzer CodecExercise
        packet_seeds "$corpus" 0
        ;;
    eap)
        fuzzer=EAPFuzzer length=4200
        link EAPFuzzer EAPExercise
        # A conversation by MD5 and one by MSCHAPv2: each packet with its length in front, odd where the identifier is to be mended.
        printf '%b' "\x09\x02\x01\x00\x08\x01bob\x00\x07\x02\x01\x00\x06\x03\x04\x00\x17\x02\x01\x00\x16\x04\x10$(zeros 17)" >"$corpus/md5"
        printf '%b' "\x09\x02\x01\x00\x08\x01bob\x00\x3f\x02\x01\x00\x3f\x1a\x02\x01\x00\x3a\x31$(zeros 49)bob\x00\x07\x02\x01\x00\x06\x1a\x04\x00" >"$corpus/mschapv2"
        ;;
    attributes)
        fuzzer=AttributeFuzzer length=4076
        link AttributeFuzzer DictionaryExercise
        packet_seeds "$corpus" 20
        ;;
    dictionary)
        fuzzer=DictionaryFuzzer length=8192
        link DictionaryFuzzer DictionaryExercise
        for source in "$root"/Shared/RADIUS/Dictionary/BuiltIn*.swift "$vectors"/DictionaryExercise.swift; do
            grep -E '^ *(ATTRIBUTE|VALUE|VENDOR|BEGIN-|END-)' "$source" | sed 's/^ *//' \
                | split -l 40 - "$corpus/$(basename "$source" .swift)-"
        done
        # shellcheck disable=SC2016 # the dollar is the dictionary's
        printf '%s\n' '$INCLUDE 1' = 'VENDOR V 9 format=1,1,c' 'BEGIN-VENDOR V' 'ATTRIBUTE T 1 tlv' 'BEGIN-TLV T' \
            'ATTRIBUTE L 1 byte' 'END-TLV T' 'END-VENDOR V' '$INCLUDE- 3' >"$corpus/includes"
        ;;
    http)
        fuzzer=HTTPFuzzer length=1024
        # The part of the adapter that is pure, without the C libraries behind the rest.
        echo "linking HTTPFuzzer"
        adapter=$root/Shared/HTTPServer
        swiftc "${flags[@]}" -module-name HTTPFuzzer -o "$build/HTTPFuzzer" "$root/Tests/Fuzz/HTTPFuzzer.swift" \
            "$adapter"/Message/{Token,HTTPMethod,HeaderName,RequestHeaders,HeadFault,RequestHead,PercentEncoding,RequestTarget}.swift \
            "$adapter"/WebSocket/{MessageAssembler,WebSocketMessage}.swift
        printf '\0GET /a%%20b/c?d=e HTTP/1.1\r\nHost: h:80\r\nA: b\r\n\r\n' >"$corpus/get"
        printf '\0POST http://h/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n' >"$corpus/post"
        printf '\0PUT / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n' >"$corpus/chunked"
        printf '\1\1\0\0\2ab\x89\0\0\1x\x80\0\0\1c\x88\0\0\2\3\xe8' >"$corpus/frames"
        ;;
    *) echo "no target $target; there are packet, eap, attributes, dictionary and http" >&2; exit 64 ;;
    esac
    echo "fuzzing $target for $seconds s from $(find "$corpus" -type f | wc -l) seeds"
    "$build/$fuzzer" -max_total_time="$seconds" -max_len="$length" -timeout=5 -rss_limit_mb=2048 \
        -seed="${NEXORA_FUZZ_SEED:-0}" -print_final_stats=1 -artifact_prefix="$build/findings/$target-" "$corpus"
done
