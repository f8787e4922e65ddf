/// Writes compact JSON straight into bytes: no intermediate tree, no allocation once its storage has grown.
///
/// Commas are handled here. The caller keeps the grammar otherwise (a key before each member's value); a broken
/// nesting is a programmer error and traps. Not a number and infinities, which JSON lacks, become `null`.
package struct JSONWriter: Sendable {
    /// What has been written so far: UTF-8.
    package private(set) var bytes: [UInt8]
    private var needsComma = false
    private var depth = 0

    /// An empty writer whose storage holds `capacity` bytes before it grows.
    package init(capacity: Int = 512) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Forgets what was written and keeps the storage.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
        depth = 0
    }

    // MARK: - Structure

    /// Opens an object: `{`.
    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    /// Closes the object opened last: `}`.
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    /// Opens an array: `[`.
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    /// Closes the array opened last: `]`.
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a member's name that is known at build time and needs no escaping.
    package mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        if name.hasPointerRepresentation {
            // SAFETY: a static string's storage lives as long as the process.
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        } else {
            bytes.append(contentsOf: name.description.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a member's name made at run time, escaped as needed.
    package mutating func key(string name: String) {
        separate()
        appendQuoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: - Values

    /// Writes a string, escaped as RFC 8259 §7 demands.
    package mutating func value(_ text: String) {
        separate()
        appendQuoted(text)
        needsComma = true
    }

    // The compiler specialises no generic code of another module of the package: the usual integers have their own
    // functions, the rest goes through Int64.

    /// Writes an integer as a JSON number.
    package mutating func value(_ number: Int) { append(number.magnitude, isNegative: number < 0) }
    /// Writes an integer as a JSON number.
    package mutating func value(_ number: Int64) { append(UInt(number.magnitude), isNegative: number < 0) }
    /// Writes an integer as a JSON number.
    package mutating func value(_ number: UInt64) { append(UInt(number), isNegative: false) }
    /// Writes an integer as a JSON number.
    package mutating func value(_ number: UInt32) { append(UInt(number), isNegative: false) }
    /// Writes a small integer as a JSON number.
    package mutating func value(_ number: some FixedWidthInteger) { value(Int64(number)) }

    /// Writes an integer as a string of digits: how proto3's canonical JSON carries 64-bit numbers.
    package mutating func value(quoted number: Int64) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        appendDecimal(UInt(number.magnitude), isNegative: number < 0)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes an unsigned integer as a string of digits; see the signed form.
    package mutating func value(quoted number: UInt64) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        appendDecimal(UInt(number), isNegative: false)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes `true` or `false`.
    package mutating func value(_ flag: Bool) {
        separate()
        bytes.append(contentsOf: flag ? "true".utf8 : "false".utf8)
        needsComma = true
    }

    /// Writes the shortest decimal that reads back as the same number; `null` when it is not finite.
    package mutating func value(_ number: Double) {
        guard number.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: number.description.utf8)
        needsComma = true
    }

    /// Writes `null`.
    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
        needsComma = true
    }

    /// Puts one value that is JSON already, unchecked.
    package mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Puts one value that is JSON already, unchecked.
    package mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    // MARK: - Private

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "JSON closed more often than opened")
        bytes.append(bracket)
        needsComma = true
        depth -= 1
    }

    private mutating func append(_ magnitude: UInt, isNegative: Bool) {
        separate()
        appendDecimal(magnitude, isNegative: isNegative)
        needsComma = true
    }

    private mutating func appendDecimal(_ magnitude: UInt, isNegative: Bool) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var at = 20
        var rest = magnitude
        repeat {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            at -= 1
            digits[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        while at < 20 {
            bytes.append(digits[at])
            at += 1
        }
    }

    private mutating func appendQuoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for index in 0..<utf8.count {
                let byte = unsafe utf8[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
                unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<index]))
                appendEscaped(byte)
                start = index + 1
            }
            unsafe bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Self.hexadecimalDigit(byte >> 4))
            bytes.append(Self.hexadecimalDigit(byte & 0x0F))
        }
    }

    private static func hexadecimalDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
