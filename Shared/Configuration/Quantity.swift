/// How durations and sizes are written in configuration.
enum Quantity {
    private static let durationUnits: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]
    private static let sizeUnits: [(name: String, octets: Int64)] = [
        ("", 1), ("B", 1), ("kB", 1_000), ("KiB", 1 << 10), ("MB", 1_000_000), ("MiB", 1 << 20), ("GB", 1_000_000_000),
        ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// `250ms`, `15m`, `1h30m`; `0` needs no unit. Nil when it is not one or does not fit.
    static func duration(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = text[...]
        var total: Int64 = 0
        while !rest.isEmpty {
            guard let (number, unit) = leading(&rest),
                let scale = durationUnits.first(where: { $0.name == unit })?.nanoseconds
            else { return nil }
            let (product, tooLarge) = number.multipliedReportingOverflow(by: scale)
            let (sum, overflow) = total.addingReportingOverflow(product)
            guard !tooLarge, !overflow else { return nil }
            total = sum
        }
        return text.isEmpty ? nil : .nanoseconds(total)
    }

    /// `4096`, `64KiB`, `4 MiB`, `10GB`. Nil when it is not one or does not fit.
    static func size(_ text: String) -> Int? {
        var rest = text[...]
        guard let (number, unit) = leading(&rest), rest.isEmpty,
            let scale = sizeUnits.first(where: { $0.name == unit })?.octets
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: scale)
        return overflow ? nil : Int(exactly: product)
    }

    /// The shortest form with one unit that is exact.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        guard duration != .zero else { return "0" }
        guard attoseconds == 0 else {
            let nanoseconds = attoseconds / 1_000_000_000
            let whole = seconds * 1_000_000_000 + nanoseconds
            let unit = durationUnits.prefix(4).last { whole % $0.nanoseconds == 0 } ?? ("ns", 1)
            return "\(whole / unit.nanoseconds)\(unit.name)"
        }
        let unit = durationUnits.dropFirst(3).last { seconds % ($0.nanoseconds / 1_000_000_000) == 0 } ?? ("s", 1)
        return "\(seconds / max(1, unit.nanoseconds / 1_000_000_000))\(unit.name)"
    }

    /// The largest binary unit that is exact.
    static func text(octets: Int) -> String {
        let binary = sizeUnits.filter { $0.name.hasSuffix("iB") }
        guard octets > 0, let unit = binary.last(where: { Int64(octets) % $0.octets == 0 }) else { return "\(octets)" }
        return "\(Int64(octets) / unit.octets)\(unit.name)"
    }

    private static func leading(_ rest: inout Substring) -> (number: Int64, unit: String)? {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        rest = rest.dropFirst(digits.count).trimmed
        let unit = rest.prefix { $0.isASCII && $0.isLetter }
        rest = rest.dropFirst(unit.count).trimmed
        return (number, String(unit))
    }
}
