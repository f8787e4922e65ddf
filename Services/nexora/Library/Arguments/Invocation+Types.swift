extension Invocation {
    /// A whole number within a range.
    package func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// yes or no.
    package func boolean(_ name: String) throws(UsageError) -> Bool? {
        switch string(name) {
        case nil: return nil
        case "yes", "true", "on": return true
        case "no", "false", "off": return false
        default: throw invalid(name, "must be yes or no")
        }
    }

    /// A speed in bit/s: a whole number with an optional suffix k, M or G (powers of 1000).
    package func bitRate(_ name: String) throws(UsageError) -> Int64? {
        guard let text = string(name) else { return nil }
        guard let value = Self.bitRate(parsing: text) else {
            throw invalid(name, "must be a speed in bit/s such as 512k, 50M or 1G, above 0")
        }
        return value
    }

    /// bit/s of text such as `512k`, `50M`, `2.5M` or `1G`; nil when it is not a positive speed.
    package static func bitRate(parsing text: String) -> Int64? {
        var digits = Substring(text)
        var scale: Int64 = 1
        switch digits.last {
        case "k", "K": scale = 1_000
        case "m", "M": scale = 1_000_000
        case "g", "G": scale = 1_000_000_000
        default: break
        }
        if scale > 1 { digits = digits.dropLast() }
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, isDigits(whole), let units = Int64(whole) else { return nil }
        let (product, overflow) = units.multipliedReportingOverflow(by: scale)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return product > 0 ? product : nil }
        guard scale > 1, isDigits(parts[1]), parts[1].count <= 9, let fraction = Int64(parts[1]) else { return nil }
        let divisor = (0..<parts[1].count).reduce(Int64(1)) { value, _ in value * 10 }
        let (scaled, fractionOverflow) = fraction.multipliedReportingOverflow(by: scale)
        guard !fractionOverflow, scaled % divisor == 0 else { return nil }
        let (total, totalOverflow) = product.addingReportingOverflow(scaled / divisor)
        return !totalOverflow && total > 0 ? total : nil
    }

    private static func isDigits(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// A value that an empty string clears: nil when the option was not given, `.some(nil)` when it was given empty.
    package func clearable(_ name: String) -> String?? {
        guard let text = string(name) else { return nil }
        return .some(text.isEmpty ? nil : text)
    }
}
