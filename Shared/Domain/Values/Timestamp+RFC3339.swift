extension Timestamp: CustomStringConvertible {
    /// How many octets ``description`` has at most.
    package static let longestText = 27

    /// RFC 3339 in UTC with no, three or six fraction digits: the shortest exact form, as proto3 JSON writes it.
    ///
    /// Outside ``range`` the nearest end is written.
    package var description: String {
        // SAFETY: exactly the ASCII octets are written that are reported.
        unsafe String(unsafeUninitializedCapacity: Self.longestText) { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe writeRFC3339(to: base)
        }
    }

    /// The bytes of ``description``.
    package var rfc3339: [UInt8] { Array(description.utf8) }

    /// Writes the octets of ``description`` and returns how many they are.
    package func writeRFC3339(to place: UnsafeMutableRawPointer) -> Int {
        let clamped = min(max(self, Self.range.lowerBound), Self.range.upperBound)
        let day = clamped.day
        let rest = Int(clamped.microseconds - day.start.microseconds)
        let (year, month, dayOfMonth) = day.components
        let (seconds, fraction) = rest.quotientAndRemainder(dividingBy: 1_000_000)
        unsafe write(year, digits: 4, before: "-", at: place)
        unsafe write(month, digits: 2, before: "-", at: place + 5)
        unsafe write(dayOfMonth, digits: 2, before: "T", at: place + 8)
        unsafe write(seconds / 3600, digits: 2, before: ":", at: place + 11)
        unsafe write(seconds / 60 % 60, digits: 2, before: ":", at: place + 14)
        unsafe write(seconds % 60, digits: 2, before: fraction == 0 ? "Z" : ".", at: place + 17)
        guard fraction != 0 else { return 20 }
        guard fraction % 1000 == 0 else {
            unsafe write(fraction, digits: 6, before: "Z", at: place + 20)
            return 27
        }
        unsafe write(fraction / 1000, digits: 3, before: "Z", at: place + 20)
        return 24
    }

    @inline(__always)
    private func write(_ value: Int, digits: Int, before end: Unicode.Scalar, at place: UnsafeMutableRawPointer) {
        var rest = UInt32(truncatingIfNeeded: value)
        var index = digits
        while index > 0 {
            index -= 1
            unsafe place.storeBytes(
                of: 0x30 &+ UInt8(truncatingIfNeeded: rest % 10),
                toByteOffset: index,
                as: UInt8.self
            )
            rest /= 10
        }
        unsafe place.storeBytes(of: UInt8(ascii: end), toByteOffset: digits, as: UInt8.self)
    }

    /// Reads RFC 3339 with any offset and up to nine fraction digits (those below a microsecond are cut); nil for anything
    /// else, a day or time that does not exist, or a leap second, which this time scale cannot hold.
    package init?(_ text: String) {
        let octets = Array(text.utf8)
        self.init(octets, octets.indices)
    }

    /// Reads the text at that place of a longer one; see ``init(_:)-swift.init``.
    package init?(_ octets: [UInt8], _ range: Range<Int>) {
        precondition(range.upperBound <= octets.count, "text outside the octets")
        let read = unsafe octets.withUnsafeBytes { unsafe Self(text: UnsafeRawBufferPointer(rebasing: $0[range])) }
        guard let read else { return nil }
        self = read
    }

    private init?(text bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 20, bytes.count <= 35, unsafe bytes[4] == 0x2d, unsafe bytes[7] == 0x2d,
            unsafe bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: "t"), unsafe bytes[13] == 0x3a,
            unsafe bytes[16] == 0x3a,
            let year = unsafe number(bytes, 0, 4), let month = unsafe number(bytes, 5, 2),
            let day = unsafe number(bytes, 8, 2),
            let hour = unsafe number(bytes, 11, 2), let minute = unsafe number(bytes, 14, 2),
            let second = unsafe number(bytes, 17, 2), let date = CivilDate(year: year, month: month, day: day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var position = 19
        var fraction = 0
        if unsafe bytes[position] == UInt8(ascii: ".") {
            let start = position + 1
            position = start
            while position < bytes.count, unsafe bytes[position] >= 0x30, unsafe bytes[position] <= 0x39 {
                position += 1
            }
            guard (1...9).contains(position - start), position < bytes.count else { return nil }
            for place in 0..<6 {
                fraction = unsafe fraction * 10 + (start + place < position ? Int(bytes[start + place] - 0x30) : 0)
            }
        }
        guard let offset = unsafe Self.offsetSeconds(bytes, from: position) else { return nil }
        let seconds = Int64(hour * 3600 + minute * 60 + second - offset)
        let instant = date.start.adding(microseconds: seconds * 1_000_000 + Int64(fraction))
        guard Self.range.contains(instant) else { return nil }
        self = instant
    }

    /// `Z`, or `+hh:mm` and `-hh:mm` in seconds east of Greenwich.
    private static func offsetSeconds(_ text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < text.count else { return nil }
        let sign = unsafe text[start]
        let count = text.count - start
        if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return count == 1 ? 0 : nil }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), count == 6, unsafe text[start + 3] == 0x3a,
            let hours = unsafe number(text, start + 1, 2), hours < 24, let minutes = unsafe number(text, start + 4, 2),
            minutes < 60
        else { return nil }
        let east = hours * 3600 + minutes * 60
        return sign == UInt8(ascii: "-") ? -east : east
    }
}

/// The decimal number of exactly `digits` digits that stands there.
@inline(__always)
private func number(_ text: UnsafeRawBufferPointer, _ start: Int, _ digits: Int) -> Int? {
    var value = 0
    for index in start..<start + digits {
        let digit = unsafe text[index] &- 0x30
        guard digit < 10 else { return nil }
        value = value * 10 + Int(digit)
    }
    return value
}
