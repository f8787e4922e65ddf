/// Bytes of libpq's, only valid inside the call that hands them over. Every access is checked against their bounds.
@safe
package struct PGBytes {
    // SAFETY: made from a live result or buffer and handed to closures only; nothing here keeps or returns the pointer
    // except `unsafeBytes`, whose name says so. Offsets are checked by preconditions before they are used.
    private let raw: UnsafeRawBufferPointer

    package init(unsafeBytes: UnsafeRawBufferPointer) { unsafe raw = unsafeBytes }

    /// The memory itself, for a caller that copies it somewhere.
    package var unsafeBytes: UnsafeRawBufferPointer { unsafe raw }

    package var count: Int { unsafe raw.count }

    package subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count)
        return unsafe raw[offset]
    }

    package subscript(range: Range<Int>) -> PGBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe PGBytes(unsafeBytes: UnsafeRawBufferPointer(rebasing: raw[range]))
    }

    /// All of it (the last 8 bytes of more) as one number in network order.
    package var bigEndian: UInt64 {
        if count == 8 { return unsafe UInt64(bigEndian: raw.loadUnaligned(as: UInt64.self)) }
        var number: UInt64 = 0
        for offset in 0..<count { number = number << 8 | UInt64(self[offset]) }
        return number
    }

    package var array: [UInt8] { unsafe Array(raw) }

    package var string: String { unsafe String(decoding: raw, as: UTF8.self) }
}

/// A value's bytes in the binary format, decoded.
extension PGBytes {
    /// smallint, integer or bigint by its length; nil for any other length.
    package var int64: Int64? {
        switch count {
        case 2: Int64(Int16(truncatingIfNeeded: bigEndian))
        case 4: Int64(Int32(truncatingIfNeeded: bigEndian))
        case 8: Int64(bitPattern: bigEndian)
        default: nil
        }
    }

    package var int32: Int32 { Int32(truncatingIfNeeded: bigEndian) }

    package var bool: Bool { count == 1 && self[0] != 0 }

    package var double: Double { Double(bitPattern: bigEndian) }

    package var uuid: (high: UInt64, low: UInt64) { (self[0..<8].bigEndian, self[8..<16].bigEndian) }

    package var place: PGRowPlace {
        PGRowPlace(
            block: UInt32(truncatingIfNeeded: self[0..<4].bigEndian),
            item: UInt16(truncatingIfNeeded: self[4..<6].bigEndian)
        )
    }

    /// Microseconds since 1970-01-01 00:00 UTC; the server's infinity saturates.
    package var timestamptz: Int64 {
        let (value, overflow) = Int64(bitPattern: bigEndian).addingReportingOverflow(PGEpoch.microseconds)
        return overflow ? Int64.max : value
    }

    /// Days since 1970-01-01.
    package var date: Int32 {
        let (value, overflow) = int32.addingReportingOverflow(PGEpoch.days)
        return overflow ? Int32.max : value
    }

    /// Lower-case 8-4-4-4-12.
    var uuidText: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for offset in 0..<count {
            if [4, 6, 8, 10].contains(offset) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(self[offset] >> 4)])
            text.append(digits[Int(self[offset] & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// An array's elements; more than one dimension is flattened.
    func elements<Element>(_ decode: (PGBytes) -> Element) -> [Element?] {
        var offset = 0
        func next(_ length: Int) -> PGBytes {
            defer { offset += length }
            return self[offset..<offset + length]
        }
        let dimensions = next(4).int32
        offset = 12
        var left = dimensions == 0 ? 0 : 1
        for _ in 0..<dimensions {
            left *= Int(next(4).int32)
            offset += 4
        }
        var values: [Element?] = []
        values.reserveCapacity(left)
        for _ in 0..<left {
            let length = next(4).int32
            values.append(length < 0 ? nil : decode(next(Int(length))))
        }
        return values
    }
}
