import Domain

/// How a router writes things.
enum RouterText {
    static func flag(_ text: String?) -> Bool { text == "true" || text == "yes" }

    /// `1w2d3h4m5s`, `1w2d03:04:05`, with `ms` or a fraction at the end; nil for anything else, and for more than a million weeks.
    static func duration(_ text: String) -> Duration? {
        var total = Duration.zero
        var digits = ""
        var rest = Substring(text)
        while let next = rest.popFirst() {
            if next.isASCII, next.isNumber {
                digits.append(next)
                continue
            }
            if next == ":" { return clock(digits + ":" + rest).map { total + $0 } }
            var unit = String(next)
            if next == "m", rest.first == "s" { unit.append(rest.removeFirst()) }
            guard digits.count <= 9, let count = Int64(digits), let length = units[unit] else { return nil }
            total += length * count
            digits = ""
        }
        return digits.isEmpty && !text.isEmpty && total < .seconds(604_800) * 1_000_000 ? total : nil
    }

    private static let units: [String: Duration] = [
        "w": .seconds(604_800), "d": .seconds(86_400), "h": .seconds(3_600), "m": .seconds(60), "s": .seconds(1),
        "ms": .milliseconds(1),
    ]

    private static func clock(_ text: String) -> Duration? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let hours = Int64(parts[0]), let minutes = Int64(parts[1]), hours < 1_000_000,
            hours >= 0,
            let seconds = Int64(parts[2].prefix { $0 != "." }), 0..<60 ~= minutes, 0..<60 ~= seconds
        else { return nil }
        return .seconds(hours * 3_600 + minutes * 60 + seconds)
    }

    /// With its prefix length, as targets of queues are shown.
    static func network(_ text: String) -> String {
        IPAddress(text).map { "\($0)/\($0.family.bits)" } ?? text
    }

    /// Without the prefix length of a single address, as entries of address lists are shown.
    static func address(_ text: String) -> String {
        guard let slash = text.lastIndex(of: "/"), let address = IPAddress(String(text[..<slash])),
            text[text.index(after: slash)...] == "\(address.family.bits)"
        else { return IPAddress(text)?.description ?? text }
        return address.description
    }

    /// A kind of queue for each direction. `pcq` is the name that plans use for RouterOS' own pair.
    static func queueTypes(_ text: String) -> String {
        switch text {
        case "pcq": "pcq-upload-default/pcq-download-default"
        case _ where text.contains("/"): text
        default: "\(text)/\(text)"
        }
    }

    /// The same for a profile, which takes one kind or a pair.
    static func queueType(_ text: String) -> String { text == "pcq" ? queueTypes(text) : text }
}
