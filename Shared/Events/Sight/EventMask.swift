package import WireFormat

/// How much of people an event shows.
package enum EventMask: Int, CaseIterable, Sendable {
    /// Names and addresses as they are.
    case revealed
    /// Names and addresses cut down to what an engineer needs to tell cases apart.
    case masked

    /// Stands where something was left out.
    package static let blank = "***"

    /// The event as this mask shows it. Throws for what is no event.
    package func applied(to event: [UInt8]) throws(JSONError) -> [UInt8] {
        var reader = JSONReader(event)
        var writer = JSONWriter(capacity: event.count + 64)
        writer.beginObject()
        try reader.readObject { reader, name throws(JSONError) in
            if name == "data" {
                writer.key("data")
                try copy(from: &reader, to: &writer, as: .plain)
            } else if EventFields.attributes.contains(name) {
                writer.key(string: name)
                writer.raw(try reader.rawValue())
            } else {
                try reader.skipValue()
            }
        }
        writer.endObject()
        try reader.expectEnd()
        return writer.finish()
    }

    private func copy(
        from reader: inout JSONReader,
        to writer: inout JSONWriter,
        as sight: EventFields.Sight
    ) throws(JSONError) {
        switch try reader.peek() {
        case .object where sight == .plain:
            writer.beginObject()
            try reader.readObject { reader, name throws(JSONError) in
                writer.key(string: name)
                try copy(from: &reader, to: &writer, as: EventFields.sight(of: name))
            }
            writer.endObject()
        case .array where sight != .secret && sight != .hidden:
            writer.beginArray()
            try reader.readArray { reader throws(JSONError) in try copy(from: &reader, to: &writer, as: sight) }
            writer.endArray()
        case .null:
            _ = try reader.readNull()
            writer.null()
        case .string where isShortened(sight):
            writer.value(Self.shortened(try reader.readString(), as: sight))
        case _ where isShown(sight): writer.raw(try reader.rawValue())
        default:
            try reader.skipValue()
            writer.value(Self.blank)
        }
    }

    private func isShown(_ sight: EventFields.Sight) -> Bool {
        sight == .plain || self == .revealed && sight != .secret
    }

    private func isShortened(_ sight: EventFields.Sight) -> Bool {
        self == .masked && (sight == .name || sight == .hardware || sight == .address)
    }

    /// What is left of a text that may tell who somebody is.
    package static func shortened(_ text: String, as sight: EventFields.Sight) -> String {
        switch sight {
        case .plain: text
        case .name: shortenedName(text)
        case .hardware: shortenedHardware(text)
        case .address: shortenedAddress(text)
        case .hidden, .secret: blank
        }
    }

    /// `alice@example.net` -> `a***@example.net`. A name that is a hardware address is treated as one.
    private static func shortenedName(_ name: String) -> String {
        guard isHardware(name) == false else { return shortenedHardware(name) }
        let local = name.prefix { $0 != "@" }
        let realm = name.dropFirst(local.count)
        return (local.count > 2 ? String(local.prefix(1)) : "") + blank + realm
    }

    /// `00:11:22:33:44:55` -> `00:11:22:***`; what is no hardware address, such as a telephone number, goes whole.
    private static func shortenedHardware(_ text: String) -> String {
        guard isHardware(text) else { return blank }
        let digits = text.unicodeScalars.filter(\.properties.isASCIIHexDigit).prefix(6)
        let pairs = stride(from: 0, to: 6, by: 2).map { start in
            String(String.UnicodeScalarView(digits.dropFirst(start).prefix(2)))
        }
        return pairs.joined(separator: ":") + ":" + blank
    }

    /// Twelve hexadecimal digits with the usual separators, and nothing else.
    private static func isHardware(_ text: String) -> Bool {
        let digits = text.unicodeScalars.count { $0.properties.isASCIIHexDigit }
        return digits == 12
            && text.unicodeScalars.allSatisfy { $0.properties.isASCIIHexDigit || ":-.".unicodeScalars.contains($0) }
    }

    /// `100.64.0.7` -> `100.64.***`, `2001:db8:1:100::/56` -> `2001:db8:***`.
    private static func shortenedAddress(_ text: String) -> String {
        let separator: Character = text.contains(":") ? ":" : "."
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count > 2, !parts[0].isEmpty, !parts[1].isEmpty else { return blank }
        return "\(parts[0])\(separator)\(parts[1])\(separator)\(blank)"
    }
}
