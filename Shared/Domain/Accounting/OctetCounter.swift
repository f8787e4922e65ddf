/// How a NAS's counter is continued from one report to the next.
enum OctetCounter {
    /// 2^32 - 1: the most that Acct-Input-Octets holds without gigawords (RFC 2869 §5.1).
    static let lastOf32Bits: Int64 = 0xffff_ffff

    /// What a report adds, and what to continue from.
    struct Step: Equatable {
        var added: Int64
        var raw: Int64
        /// The counter fell and had not wrapped.
        var isReset = false
    }

    /// What a report with the counter at `raw` adds to one that had it at `previous`, and what to continue from.
    ///
    /// A later report with fewer octets is a counter that wrapped at 2^32, if it may have: neither report exceeds 32 bits,
    /// the NAS shows no gigawords and its packet counter did not fall as well. Otherwise the counter was reset, and all it
    /// shows is new. A report that is not later adds only what exceeds the known.
    static func step(from previous: Int64, to raw: Int64, later: Bool, mayWrap: Bool) -> Step {
        if raw >= previous { return Step(added: raw - previous, raw: raw) }
        guard later else { return Step(added: 0, raw: previous) }
        if mayWrap, previous <= lastOf32Bits { return Step(added: raw + lastOf32Bits + 1 - previous, raw: raw) }
        return Step(added: raw, raw: raw, isReset: true)
    }

    /// Adds without leaving Int64 and returns what was really added.
    static func add(_ octets: Int64, to total: inout Int64) -> Int64 {
        let (sum, overflow) = total.addingReportingOverflow(octets)
        let added = overflow ? .max - total : octets
        total = overflow ? .max : sum
        return added
    }
}
