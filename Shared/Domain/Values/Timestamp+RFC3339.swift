extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC with no, three or six fraction digits: the shortest exact form, as proto3 JSON writes it.
    ///
    /// Outside ``range`` the nearest end is written.
    package var description: String {
        String(decoding: rfc3339, as: UTF8.self)
    }

    /// The bytes of ``description``.
    package var rfc3339: [UInt8] {
        let clamped = min(max(self, Self.range.lowerBound), Self.range.upperBound)
        let day = clamped.day
        let rest = Int(clamped.microseconds - day.start.microseconds)
        let (year, month, dayOfMonth) = day.components
        let fraction = rest % 1_000_000
        let seconds = rest / 1_000_000
        var text = [UInt8]()
        text.reserveCapacity(27)
        appendDecimal(year, digits: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        appendDecimal(month, digits: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        appendDecimal(dayOfMonth, digits: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        appendDecimal(seconds / 3600, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDecimal(seconds / 60 % 60, digits: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        appendDecimal(seconds % 60, digits: 2, to: &text)
        if fraction != 0 {
            text.append(UInt8(ascii: "."))
            if fraction % 1000 == 0 {
                appendDecimal(fraction / 1000, digits: 3, to: &text)
            } else {
                appendDecimal(fraction, digits: 6, to: &text)
            }
        }
        text.append(UInt8(ascii: "Z"))
        return text
    }

    /// Reads RFC 3339 with any offset and up to nine fraction digits (those below a microsecond are cut); nil for anything
    /// else, a day or time that does not exist, or a leap second, which this time scale cannot hold.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 35, bytes[4] == 0x2d, bytes[7] == 0x2d,
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"), bytes[13] == 0x3a, bytes[16] == 0x3a,
            let year = decimal(bytes[0..<4]), let month = decimal(bytes[5..<7]), let day = decimal(bytes[8..<10]),
            let hour = decimal(bytes[11..<13]), let minute = decimal(bytes[14..<16]),
            let second = decimal(bytes[17..<19]), let date = CivilDate(year: year, month: month, day: day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var position = 19
        var fraction = 0
        if bytes[position] == UInt8(ascii: ".") {
            let start = position + 1
            position = start
            while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
            guard (1...9).contains(position - start), position < bytes.count else { return nil }
            for place in 0..<6 {
                fraction = fraction * 10 + (start + place < position ? Int(bytes[start + place] - 0x30) : 0)
            }
        }
        guard let offset = Self.offsetSeconds(bytes[position...]) else { return nil }
        let seconds = Int64(hour * 3600 + minute * 60 + second - offset)
        let instant = date.start.adding(microseconds: seconds * 1_000_000 + Int64(fraction))
        guard Self.range.contains(instant) else { return nil }
        self = instant
    }

    /// `Z`, or `+hh:mm` and `-hh:mm` in seconds east of Greenwich.
    private static func offsetSeconds(_ zone: ArraySlice<UInt8>) -> Int? {
        guard let sign = zone.first else { return nil }
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return zone.count == 1 ? 0 : nil }
        let start = zone.startIndex
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), zone.count == 6, zone[start + 3] == 0x3a,
            let hours = decimal(zone[(start + 1)..<(start + 3)]), hours < 24,
            let minutes = decimal(zone[(start + 4)..<(start + 6)]), minutes < 60
        else { return nil }
        let east = hours * 3600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -east : east
    }
}
