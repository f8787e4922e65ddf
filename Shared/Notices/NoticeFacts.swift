import Domain
package import WireFormat

/// The values of a notice's variables by name.
///
/// What is in it can always be kept and read back: names are of the form `^[a-z][a-z0-9_]{0,49}$`, values are within their
/// ranges, and ``json()`` fits the table's limit.
package struct NoticeFacts: Sendable, Hashable {
    /// The table's own limit, in octets.
    package static let greatestJSON = 16_384
    package static let greatestCount = 40
    /// Of one text, in octets of UTF-8.
    package static let greatestText = 8_000
    private var values: [String: NoticeValue] = [:]

    /// As setting each of them.
    package init(_ values: [String: NoticeValue] = [:]) {
        for (name, value) in values { self[name] = value }
    }

    /// Names are the program's own: another form, or one name too many, is a programmer's error. A value is cut to what can be
    /// kept: a text that is too long loses its end, a number beyond its range becomes the range's end.
    package subscript(name: String) -> NoticeValue? {
        get { values[name] }
        set {
            precondition(Self.isName(name), "no name of a variable")
            values[name] = newValue?.keepable
            precondition(values.count <= Self.greatestCount, "too many variables")
        }
    }

    /// In the order of their octets.
    package var names: [String] { values.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// Reads what ``json()`` wrote, its members in any order, as jsonb gives them back. Takes any octets.
    package init(json: [UInt8]) throws(JSONError) {
        guard json.count <= Self.greatestJSON else { throw .invalidMember("facts") }
        var reader = JSONReader(json)
        var found: [String: NoticeValue] = [:]
        try reader.readObject { (reader, name) throws(JSONError) in
            guard Self.isName(name), found[name] == nil, found.count < Self.greatestCount else {
                throw .invalidMember("facts")
            }
            var value: NoticeValue?
            try reader.readObject { (reader, kind) throws(JSONError) in
                guard value == nil, let kind = NoticeValue.Kind(rawValue: kind) else {
                    throw .invalidMember("facts")
                }
                value = try NoticeValue(kind, from: &reader)
            }
            guard let value, value == value.keepable else { throw .invalidMember("facts") }
            found[name] = value
        }
        try reader.expectEnd()
        values = found
    }

    static func isName(_ text: String) -> Bool {
        guard (1...50).contains(text.utf8.count), let first = text.utf8.first, (0x61...0x7a).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
    }

    /// Canonical: names in the order of their octets, each value as an object of one member, `{"amount":{"money":"125000 EUR"}}`.
    ///
    /// Where all of it would not fit, texts are cut to half the greatest length, then to half of that, until it does.
    package func json() -> String {
        var facts = self
        var limit = Self.greatestText
        var text = facts.written()
        // Written by jsonb each value has three blanks more: after both colons and the comma.
        while text.utf8.count + 3 * values.count > Self.greatestJSON, limit > 0 {
            limit /= 2
            for (name, value) in facts.values { facts.values[name] = value.cut(toOctets: limit) }
            text = facts.written()
        }
        return text
    }

    private func written() -> String {
        var writer = JSONWriter()
        writer.beginObject()
        for name in names {
            writer.key(string: name)
            writer.beginObject()
            if let value = values[name] {
                writer.key(string: value.kind.rawValue)
                value.write(to: &writer)
            }
            writer.endObject()
        }
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}

extension NoticeFacts: ExpressibleByDictionaryLiteral {
    /// As setting each of them in turn.
    package init(dictionaryLiteral elements: (String, NoticeValue)...) {
        for (name, value) in elements { self[name] = value }
    }
}

extension NoticeValue {
    /// What tables and formats can hold of it. jsonb knows no NUL.
    fileprivate var keepable: NoticeValue {
        switch self {
        case .text(let text): .text(Self.keepable(text))
        case .url(let text): .url(Self.keepable(text))
        case .instant(let instant): .instant(min(max(instant, Timestamp.range.lowerBound), Timestamp.range.upperBound))
        case .day(let day):
            .day(min(max(day, Timestamp.range.lowerBound.day), Timestamp.range.upperBound.day))
        case .money(let amount, let currency):
            .money(
                Int(min(max(Int64(amount), Money.range.lowerBound), Money.range.upperBound)),
                currency: (try? Currency(currency)) == nil ? "XXX" : currency
            )
        case .percent, .octets, .count, .duration: self
        }
    }

    fileprivate func cut(toOctets limit: Int) -> NoticeValue {
        switch self {
        case .text(let text): .text(text.cut(toOctets: limit))
        case .url(let url): .url(url.cut(toOctets: limit))
        default: self
        }
    }

    private static func keepable(_ text: String) -> String {
        let cut = text.cut(toOctets: NoticeFacts.greatestText)
        return cut.utf8.contains(0)
            ? String(String.UnicodeScalarView(cut.unicodeScalars.filter { $0.value != 0 })) : cut
    }
}

extension String {
    /// The most of it that fits, in whole scalars.
    func cut(toOctets limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(startIndex, offsetBy: limit)
        while end > startIndex, utf8[end] & 0xc0 == 0x80 { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}

extension NoticeValue {
    fileprivate init(_ kind: Kind, from reader: inout JSONReader) throws(JSONError) {
        switch kind {
        case .text: self = .text(try reader.readString())
        case .url: self = .url(try reader.readString())
        case .octets: self = .octets(try reader.readInt64())
        case .percent: self = .percent(Int(try reader.readInt64()))
        case .count: self = .count(Int(try reader.readInt64()))
        case .duration: self = .duration(seconds: Int(try reader.readInt64()))
        case .instant:
            let instant = Timestamp(microseconds: try reader.readInt64())
            guard Timestamp.range.contains(instant) else { throw .invalidMember("instant") }
            self = .instant(instant)
        case .day:
            guard let day = CivilDate(try reader.readString()) else { throw .invalidMember("day") }
            self = .day(day)
        case .money:
            let parts = try reader.readString().split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 2, let amount = Int(parts[0]), Money.range.contains(Int64(amount)),
                parts[1].utf8.count == 3, parts[1].utf8.allSatisfy({ (0x41...0x5a).contains($0) })
            else { throw .invalidMember("money") }
            self = .money(amount, currency: String(parts[1]))
        }
    }

    fileprivate func write(to writer: inout JSONWriter) {
        switch self {
        case .text(let text), .url(let text): writer.value(text)
        case .octets(let number): writer.value(quoted: number)
        case .percent(let number), .count(let number), .duration(let number): writer.value(quoted: Int64(number))
        case .instant(let instant): writer.value(quoted: instant.microseconds)
        case .day(let day): writer.value(day.description)
        case .money(let amount, let currency): writer.value("\(amount) \(currency)")
        }
    }
}
