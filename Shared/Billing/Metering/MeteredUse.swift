/// How much of a limit is used: what a bar shows, and what is told (FUP-03, FUP-10).
package struct MeteredUse: Hashable, Sendable {
    /// How a bar is coloured.
    package enum Level: String, Hashable, Sendable, CaseIterable {
        case normal
        /// From 80 percent on.
        case warning
        /// From 95 percent on.
        case critical
        /// The limit is reached.
        case reached
    }

    /// In percent, ascending; each is told once a month.
    package static let thresholds = [80, 95, 100]

    package let resource: MeteredResource
    package let used: Int64
    /// -1 for none.
    package let limit: Int64

    /// What is less than nothing is none.
    package init(_ resource: MeteredResource, used: Int64, limit: Int64) {
        self.resource = resource
        self.used = max(0, used)
        self.limit = limit
    }

    /// Whole percent of the limit, cut, so that it shows no threshold before it is reached; nil where there is no limit.
    package var percent: Int64? {
        guard limit != MeteredLimits.unlimited else { return nil }
        guard limit > 0 else { return 100 }
        let (whole, part) = (limit.magnitude, used.magnitude.multipliedFullWidth(by: 100))
        guard part.high < whole else { return .max }
        return Int64(clamping: whole.dividingFullWidth(part).quotient)
    }

    /// The thresholds that are reached, ascending.
    package var reached: [Int] {
        guard let percent else { return [] }
        return Self.thresholds.filter { percent >= Int64($0) }
    }

    package var level: Level {
        switch reached.last {
        case 100?: .reached
        case 95?: .critical
        case 80?: .warning
        default: .normal
        }
    }

    /// One sentence where the limit is reached (FUP-09); nil where there is room.
    package var error: String? {
        guard level == .reached else { return nil }
        let (used, limit) = (OctetText(used).readable, OctetText(limit).readable)
        return switch resource {
        case .traffic: "The month's traffic limit is reached: \(used) of \(limit)."
        case .storage: "The storage limit is reached: \(used) of \(limit)."
        }
    }
}

/// Octets as people read them (FUP-08): exact, rounded half up to two digits behind the point.
package struct OctetText: Hashable, Sendable {
    package let octets: Int64

    /// What is less than nothing is none.
    package init(_ octets: Int64) {
        self.octets = max(0, octets)
    }

    /// `1.50`.
    package var megabytes: String { hundredths(of: MeteredLimits.megabyte) }
    /// `0.00`.
    package var gigabytes: String { hundredths(of: MeteredLimits.gigabyte) }

    /// In the greatest unit of which there is one: `512 bytes`, `1.50 MB`.
    package var readable: String {
        if octets >= MeteredLimits.gigabyte { return gigabytes + " GB" }
        if octets >= MeteredLimits.megabyte { return megabytes + " MB" }
        return "\(octets) bytes"
    }

    private func hundredths(of unit: Int64) -> String {
        // What is left of a unit is less than 2^30, so a hundred times that is far below 2^63.
        let part = (octets % unit * 100 + unit / 2) / unit
        let (whole, rest) = (octets / unit + part / 100, part % 100)
        return "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
