/// Addresses as octets and as text.
enum AddressText {
    // MARK: - IPv4

    /// Four octets of dotted decimal without leading zeros; nil when the text is none.
    static func ipv4(_ text: Substring) -> [UInt8]? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard !part.isEmpty, part.count <= 3, part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            var number = 0
            for digit in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
                number = number * 10 + Int(digit - UInt8(ascii: "0"))
            }
            guard let octet = UInt8(exactly: number) else { return nil }
            octets.append(octet)
        }
        return octets
    }

    /// Dotted decimal.
    static func ipv4(_ octets: [UInt8]) -> String {
        octets.map { String($0) }.joined(separator: ".")
    }

    // MARK: - IPv6

    /// 16 octets of any form of RFC 4291 §2.2; nil when the text is none. Zones are none.
    static func ipv6(_ text: Substring) -> [UInt8]? {
        guard text.utf8.count <= 45 else { return nil }
        guard let gap = firstGap(text) else {
            guard let octets = sixteenBits(text), octets.count == 16 else { return nil }
            return octets
        }
        let head = text[..<gap]
        let tail = text[text.index(gap, offsetBy: 2)...]
        guard let before = head.isEmpty ? [] : sixteenBits(head, mayEndInIPv4: false),
            let after = tail.isEmpty ? [] : sixteenBits(tail), before.count + after.count <= 14
        else { return nil }
        return before + [UInt8](repeating: 0, count: 16 - before.count - after.count) + after
    }

    /// RFC 5952: lower case, no leading zeros, the first of the longest runs of zeros left out.
    static func ipv6(_ octets: [UInt8]) -> String {
        let groups = (0..<8).map { UInt16(octets[2 * $0]) << 8 | UInt16(octets[2 * $0 + 1]) }
        var best = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        func text(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }

    /// Where `::` stands.
    private static func firstGap(_ text: Substring) -> String.Index? {
        let utf8 = text.utf8
        return utf8.indices.first { index in
            let next = utf8.index(after: index)
            return utf8[index] == UInt8(ascii: ":") && next < utf8.endIndex && utf8[next] == UInt8(ascii: ":")
        }
    }

    /// The octets of groups of one to four digits, the last two of which may be written as an IPv4 address.
    private static func sixteenBits(_ text: Substring, mayEndInIPv4: Bool = true) -> [UInt8]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        var octets: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let address = ipv4(part) else { return nil }
                octets += address
            } else {
                guard let group = group(part) else { return nil }
                octets += [UInt8(group >> 8), UInt8(truncatingIfNeeded: group)]
            }
        }
        return octets
    }

    private static func group(_ text: Substring) -> UInt16? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else { return nil }
        return UInt16(text, radix: 16)
    }

    // MARK: - Identifiers

    /// Four groups of 16 bits: `0:0:0:2`.
    static func groups(_ text: String) -> [UInt8]? {
        guard let octets = sixteenBits(text[...], mayEndInIPv4: false), octets.count == 8 else { return nil }
        return octets
    }

    /// Four groups of 16 bits.
    static func groups(_ octets: [UInt8]) -> String {
        (0..<4).map { String(UInt16(octets[2 * $0]) << 8 | UInt16(octets[2 * $0 + 1]), radix: 16) }
            .joined(separator: ":")
    }

    /// Six octets of two digits with `:` or `-` between them.
    static func ethernet(_ text: String) -> [UInt8]? {
        let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
        let octets = parts.compactMap { part in
            part.utf8.count == 2 && part.first != "+" ? UInt8(part, radix: 16) : nil
        }
        return parts.count == 6 && octets.count == 6 ? octets : nil
    }

    /// Six octets of two digits with `:` between them.
    static func ethernet(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
