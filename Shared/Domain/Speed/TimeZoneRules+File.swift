extension TimeZoneRules {
    /// The greatest file that is read; those of the database have at most some 4,000 octets.
    package static let greatestFile = 65_536

    /// Whether a zone may have that name, such as `Europe/Rome`: one that leads nowhere else than into the database's folder.
    package static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= 64 && parts.count <= 3
            && parts.allSatisfy { part in
                part.first.map { $0.isASCII && $0.isLetter } == true
                    && part.utf8.allSatisfy { octet in
                        switch octet {
                        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                            UInt8(ascii: "+"):
                            true
                        default: false
                        }
                    }
            }
    }

    /// Reads a compiled file of the time zone database, RFC 8536, version 2 or later; nil when it is none. Takes any octets.
    package init?(file octets: [UInt8]) {
        guard octets.count <= Self.greatestFile else { return nil }
        var reader = TimeZoneFileReader(octets)
        guard let old = reader.header(), old.version >= UInt8(ascii: "2"), reader.skip(old.length(timeOctets: 4)),
            let header = reader.header(), let body = reader.body(header)
        else { return nil }
        let rule = body.footer.isEmpty ? nil : TimeZoneRule(posix: body.footer)
        guard body.footer.isEmpty || rule != nil else { return nil }
        self.init(changes: body.changes, offsets: body.offsets, first: body.first, rule: rule)
    }
}

/// Walks a file of the time zone database.
private struct TimeZoneFileReader {
    struct Header {
        var version: UInt8
        /// Counts in the header's order: UT indicators, standard indicators, leap seconds, transitions, types, characters.
        var counts: [Int]

        func length(timeOctets: Int) -> Int {
            counts[3] * (timeOctets + 1) + counts[4] * 6 + counts[5] + counts[2] * (timeOctets + 4) + counts[1]
                + counts[0]
        }
    }

    struct Body {
        var changes: [Int64]
        var offsets: [Int32]
        var first: Int32
        var footer: [UInt8]
    }

    private let octets: [UInt8]
    private var at = 0

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    mutating func header() -> Header? {
        guard octets.count - at >= 44, octets[at..<at + 4].elementsEqual("TZif".utf8) else { return nil }
        let version = octets[at + 4]
        at += 20
        let counts = (0..<6).map { _ in Int(truncatingIfNeeded: number(4)) }
        guard counts.allSatisfy({ $0 <= TimeZoneRules.greatestFile }), counts[4] > 0 else { return nil }
        return Header(version: version, counts: counts)
    }

    mutating func skip(_ count: Int) -> Bool {
        guard count <= octets.count - at else { return false }
        at += count
        return true
    }

    mutating func body(_ header: Header) -> Body? {
        let end = at + header.length(timeOctets: 8)
        guard end <= octets.count else { return nil }
        let changes = (0..<header.counts[3]).map { _ in Int64(bitPattern: number(8)) }
        let kinds = (0..<header.counts[3]).map { _ in Int(number(1)) }
        let types = (0..<header.counts[4]).map { _ in
            let offset = Int32(truncatingIfNeeded: number(4))
            at += 2
            return offset
        }
        guard kinds.allSatisfy(types.indices.contains), zip(changes, changes.dropFirst()).allSatisfy({ $0 < $1 }),
            types.allSatisfy({ abs(Int64($0)) < 93_600 })
        else { return nil }
        at = end
        // The footer stands between two line ends.
        guard at < octets.count, octets[at] == UInt8(ascii: "\n"), octets.last == UInt8(ascii: "\n"),
            at + 1 < octets.count
        else { return nil }
        let footer = Array(octets[at + 1..<octets.count - 1])
        return Body(changes: changes, offsets: kinds.map { types[$0] }, first: types[0], footer: footer)
    }

    private mutating func number(_ count: Int) -> UInt64 {
        defer { at += count }
        return octets[at..<at + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension TimeZoneRule {
    /// Reads the rule at a file's end; nil when it is none.
    init?(posix octets: [UInt8]) {
        var reader = PosixRuleReader(octets[...])
        guard reader.name(), let west = reader.time() else { return nil }
        standard = Int32(clamping: -west)
        saving = nil
        if reader.isAtEnd { return }
        guard reader.name() else { return nil }
        let offset = reader.next == UInt8(ascii: ",") ? Int64(standard) + 3600 : reader.time().map { -$0 }
        guard let offset, reader.take(","), let begins = reader.change(), reader.take(","), let ends = reader.change(),
            reader.isAtEnd
        else { return nil }
        saving = (Int32(clamping: offset), begins, ends)
    }
}

/// Walks a rule such as `CET-1CEST,M3.5.0,M10.5.0/3`.
private struct PosixRuleReader {
    private var rest: ArraySlice<UInt8>

    init(_ rest: ArraySlice<UInt8>) {
        self.rest = rest
    }

    var isAtEnd: Bool { rest.isEmpty }
    var next: UInt8? { rest.first }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    /// Letters, or anything between `<` and `>`.
    mutating func name() -> Bool {
        if take("<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[(end + 1)...]
            return true
        }
        let letters = rest.prefix { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
        rest = rest[letters.endIndex...]
        return letters.count >= 3
    }

    mutating func number() -> Int64? {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard (1...6).contains(digits.count) else { return nil }
        rest = rest[digits.endIndex...]
        return digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time() -> Int64? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number(), hours <= 167 else { return nil }
        var seconds = hours * 3600
        for scale in [Int64(60), 1] where take(":") {
            guard let part = number(), part < 60 else { return nil }
            seconds += part * scale
        }
        return isNegative ? -seconds : seconds
    }

    mutating func change() -> TimeZoneRule.Change? {
        guard let day = day() else { return nil }
        guard take("/") else { return TimeZoneRule.Change(day: day, second: 7200) }
        return time().map { TimeZoneRule.Change(day: day, second: $0) }
    }

    private mutating func day() -> TimeZoneRule.Day? {
        if take("M") {
            guard let month = number(), take("."), let week = number(), take("."), let day = number(),
                (1...12).contains(month), (1...5).contains(week), day <= 6
            else { return nil }
            return .weekday(month: Int(month), week: Int(week), day: Int(day))
        }
        let isJulian = take("J")
        guard let number = number(), number <= 365, !isJulian || number > 0 else { return nil }
        return isJulian ? .julian(Int(number)) : .ordinal(Int(number))
    }
}
