extension JSONReader {
    /// The next value, which must be `true` or `false`.
    package mutating func readBool() throws(JSONError) -> Bool {
        try expect(.bool)
        if bytes[position] == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// True, and `null` consumed, when the next value is `null`; false, and nothing consumed, otherwise.
    package mutating func readNull() throws(JSONError) -> Bool {
        guard try nextSignificant() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// The next value, an integer written as a number or, as canonical protobuf JSON does, as a decimal string.
    package mutating func readInt64() throws(JSONError) -> Int64 {
        let digits = try integerDigits()
        guard let value = Int64(negative: digits.negative, magnitude: digits.magnitude) else {
            throw .numberOutOfRange(offset: position)
        }
        return value
    }

    /// The next value, an integer without sign written as a number or as a decimal string.
    package mutating func readUInt64() throws(JSONError) -> UInt64 {
        let digits = try integerDigits()
        guard !digits.negative || digits.magnitude == 0 else { throw .numberOutOfRange(offset: position) }
        return digits.magnitude
    }

    /// The next value, which must be a number; finite.
    package mutating func readDouble() throws(JSONError) -> Double {
        try expect(.number)
        let start = position
        let range = try scanNumber()
        guard let value = Double(String(decoding: bytes[range], as: UTF8.self)), value.isFinite else {
            throw .numberOutOfRange(offset: start)
        }
        return value
    }

    private mutating func literal(_ text: StaticString) throws(JSONError) {
        let count = text.utf8CodeUnitCount
        guard end - position >= count else { throw .unexpectedEnd(offset: end) }
        for index in 0..<count {
            // SAFETY: index is below the literal's own length.
            guard unsafe bytes[position + index] == text.utf8Start[index] else {
                throw .unexpectedByte(offset: position + index)
            }
        }
        position += count
    }

    private mutating func integerDigits() throws(JSONError) -> (negative: Bool, magnitude: UInt64) {
        if try nextSignificant() == UInt8(ascii: "\"") {
            position += 1
            let value = try integer()
            guard position < end, bytes[position] == UInt8(ascii: "\"") else {
                throw .numberOutOfRange(offset: position)
            }
            position += 1
            return value
        }
        try expect(.number)
        let value = try integer()
        if position < end {
            switch bytes[position] {
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): throw .numberOutOfRange(offset: position)
            default: break
            }
        }
        return value
    }

    /// An optional minus and digits without a leading zero (RFC 8259 §6).
    private mutating func integer() throws(JSONError) -> (negative: Bool, magnitude: UInt64) {
        let negative = position < end && bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        let start = position
        var magnitude: UInt64 = 0
        while position < end, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { throw .numberOutOfRange(offset: start) }
            magnitude = sum
            position += 1
        }
        guard position > start else { throw .unexpectedByte(offset: position) }
        guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else { throw .unexpectedByte(offset: start) }
        return (negative, magnitude)
    }

    /// Passes over a number of any form and returns where it stands.
    mutating func scanNumber() throws(JSONError) -> Range<Int> {
        let start = position
        if position < end, bytes[position] == UInt8(ascii: "-") { position += 1 }
        let first = position
        try scanDigits()
        guard position == first + 1 || bytes[first] != UInt8(ascii: "0") else { throw .unexpectedByte(offset: first) }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try scanDigits()
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try scanDigits()
        }
        return start..<position
    }

    private mutating func scanDigits() throws(JSONError) {
        let start = position
        while position < end, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else {
            throw position < end ? .unexpectedByte(offset: position) : .unexpectedEnd(offset: position)
        }
    }
}

extension Int64 {
    /// The integer of that sign and magnitude, or nil when it does not fit.
    fileprivate init?(negative: Bool, magnitude: UInt64) {
        if negative {
            guard magnitude <= Int64.min.magnitude else { return nil }
            self = magnitude == Int64.min.magnitude ? .min : -Int64(magnitude)
        } else {
            self.init(exactly: magnitude)
        }
    }
}
