/// Writes compact JSON straight into bytes: no intermediate tree, no allocation once its storage has grown.
///
/// Commas are handled here. The caller keeps the grammar otherwise (a key before each member's value); a broken
/// nesting is a programmer error and traps. Not a number and infinities, which JSON lacks, become `null`.
package struct JSONWriter: Sendable {
    /// What has been written, then room that is not used yet.
    private var storage: [UInt8]
    private var used = 0
    private var needsComma = false
    private var depth = 0

    /// An empty writer whose storage holds `capacity` bytes before it grows.
    package init(capacity: Int = 512) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    /// A copy of what has been written so far: UTF-8.
    package var bytes: [UInt8] { Array(storage[..<used]) }

    /// What has been written, without a copy: the writer's storage, with which it ends.
    package consuming func finish() -> [UInt8] {
        storage.removeLast(storage.count - used)
        return storage
    }

    /// Forgets what was written and keeps the storage.
    package mutating func removeAll() {
        used = 0
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
        name.withUTF8Buffer { name in
            unsafe put(atMost: name.count + 3) { place in
                var place = unsafe place
                unsafe place.append(UInt8(ascii: "\""))
                unsafe place.append(UnsafeRawBufferPointer(name))
                unsafe place.append(UInt8(ascii: "\""))
                unsafe place.append(UInt8(ascii: ":"))
                return unsafe place
            }
        }
        needsComma = false
    }

    /// Writes a member's name made at run time, escaped as needed.
    package mutating func key(string name: String) {
        appendQuoted(name)
        append(UInt8(ascii: ":"), separated: false)
        needsComma = false
    }

    // MARK: - Values

    /// Writes a string, escaped as RFC 8259 §7 demands.
    package mutating func value(_ text: String) { appendQuoted(text) }

    /// Writes a string of at most `count` octets that need no escaping: `fill` puts them at the place it is given and
    /// returns how many they are.
    package mutating func value(plain count: Int, _ fill: (UnsafeMutableRawPointer) -> Int) {
        unsafe put(atMost: count + 2) { place in
            var place = unsafe place
            unsafe place.append(UInt8(ascii: "\""))
            let written = unsafe fill(place.next)
            precondition(written <= count, "more octets than announced")
            unsafe place.next += written
            unsafe place.append(UInt8(ascii: "\""))
            return unsafe place
        }
        needsComma = true
    }

    /// Writes a string that is known at build time and needs no escaping.
    package mutating func value(plain text: StaticString) {
        unsafe value(plain: text.utf8CodeUnitCount) { place in
            // SAFETY: `place` has room for so many octets.
            unsafe place.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
            return text.utf8CodeUnitCount
        }
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
        append(UInt(number.magnitude), isNegative: number < 0, isQuoted: true)
    }

    /// Writes an unsigned integer as a string of digits; see the signed form.
    package mutating func value(quoted number: UInt64) { append(UInt(number), isNegative: false, isQuoted: true) }

    /// Writes `true` or `false`.
    package mutating func value(_ flag: Bool) { flag ? literal("true") : literal("false") }

    /// Writes the shortest decimal that reads back as the same number; `null` when it is not finite.
    package mutating func value(_ number: Double) {
        guard number.isFinite else { return null() }
        raw(Array(number.description.utf8))
    }

    /// Writes `null`.
    package mutating func null() { literal("null") }

    /// Puts one value that is JSON already, unchecked.
    package mutating func raw(_ json: [UInt8]) {
        unsafe json.withUnsafeBytes { json in
            unsafe put(atMost: json.count) { place in
                var place = unsafe place
                unsafe place.append(json)
                return unsafe place
            }
        }
        needsComma = true
    }

    /// Puts one value that is JSON already, unchecked.
    package mutating func raw(_ json: some Sequence<UInt8>) { raw(Array(json)) }

    // MARK: - Private

    private mutating func open(_ bracket: UInt8) {
        append(bracket, separated: true)
        needsComma = false
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "JSON closed more often than opened")
        append(bracket, separated: false)
        needsComma = true
        depth -= 1
    }

    private mutating func append(_ octet: UInt8, separated: Bool) {
        unsafe put(atMost: 1, separated: separated) { place in
            var place = unsafe place
            unsafe place.append(octet)
            return unsafe place
        }
    }

    private mutating func literal(_ text: StaticString) {
        text.withUTF8Buffer { text in
            unsafe put(atMost: text.count) { place in
                var place = unsafe place
                unsafe place.append(UnsafeRawBufferPointer(text))
                return unsafe place
            }
        }
        needsComma = true
    }

    private mutating func append(_ magnitude: UInt, isNegative: Bool, isQuoted: Bool = false) {
        unsafe put(atMost: 23) { place in
            var place = unsafe place
            if isQuoted { unsafe place.append(UInt8(ascii: "\"")) }
            if isNegative { unsafe place.append(UInt8(ascii: "-")) }
            unsafe place.append(decimal: magnitude)
            if isQuoted { unsafe place.append(UInt8(ascii: "\"")) }
            return unsafe place
        }
        needsComma = true
    }

    private mutating func appendQuoted(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            let octets = UnsafeRawBufferPointer(utf8)
            let plain = unsafe PlainText.end(of: octets, from: 0, to: octets.count).end
            // An escape takes six octets at most.
            unsafe put(atMost: plain + (octets.count - plain) * 6 + 2) { place in
                var place = unsafe place
                unsafe place.append(UInt8(ascii: "\""))
                unsafe place.append(escaping: octets, firstPlain: plain)
                unsafe place.append(UInt8(ascii: "\""))
                return unsafe place
            }
        }
        needsComma = true
    }

    /// Lets `body` write up to `count` octets behind what was written, and behind a comma where one is due; it returns
    /// where it ended.
    @inline(__always)
    private mutating func put(atMost count: Int, separated: Bool = true, _ body: (JSONPlace) -> JSONPlace) {
        if storage.count - used <= count { grow(by: count + 1) }
        let start = used
        let comma = separated && needsComma
        used = unsafe storage.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("storage without octets") }
            var place = unsafe JSONPlace(next: base + start)
            if comma { unsafe place.append(UInt8(ascii: ",")) }
            let written = unsafe body(place).next - base
            precondition(written <= buffer.count, "more octets than announced")
            return written
        }
    }

    @inline(never)
    private mutating func grow(by count: Int) {
        storage.append(contentsOf: repeatElement(0, count: max(count, storage.count)))
    }
}

/// Where a writer goes on. Whoever appends made sure of the room.
@unsafe private struct JSONPlace {
    var next: UnsafeMutableRawPointer

    @inline(__always)
    mutating func append(_ octet: UInt8) {
        unsafe next.storeBytes(of: octet, as: UInt8.self)
        unsafe next += 1
    }

    @inline(__always)
    mutating func append(_ octets: UnsafeRawBufferPointer) {
        guard let base = octets.baseAddress else { return }
        unsafe next.copyMemory(from: base, byteCount: octets.count)
        unsafe next += octets.count
    }

    mutating func append(decimal magnitude: UInt) {
        var count = 1
        var limit: UInt = 10
        while magnitude >= limit {
            count += 1
            let (product, overflow) = limit.multipliedReportingOverflow(by: 10)
            if overflow { break }
            limit = product
        }
        var rest = magnitude
        for index in stride(from: count - 1, through: 0, by: -1) {
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            unsafe next.storeBytes(
                of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit),
                toByteOffset: index,
                as: UInt8.self
            )
            rest = quotient
        }
        unsafe next += count
    }

    /// The first `firstPlain` octets are known to need no escape.
    mutating func append(escaping octets: UnsafeRawBufferPointer, firstPlain: Int) {
        unsafe append(UnsafeRawBufferPointer(rebasing: octets[..<firstPlain]))
        for index in firstPlain..<octets.count {
            let octet = unsafe octets[index]
            if octet >= 0x20, octet != UInt8(ascii: "\""), octet != UInt8(ascii: "\\") {
                unsafe append(octet)
            } else {
                unsafe append(escaped: octet)
            }
        }
    }

    private mutating func append(escaped octet: UInt8) {
        unsafe append(UInt8(ascii: "\\"))
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): unsafe append(octet)
        case 0x08: unsafe append(UInt8(ascii: "b"))
        case 0x09: unsafe append(UInt8(ascii: "t"))
        case 0x0A: unsafe append(UInt8(ascii: "n"))
        case 0x0C: unsafe append(UInt8(ascii: "f"))
        case 0x0D: unsafe append(UInt8(ascii: "r"))
        default:
            for character in [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")] { unsafe append(character) }
            unsafe append(hexadecimal: octet >> 4)
            unsafe append(hexadecimal: octet & 0x0F)
        }
    }

    private mutating func append(hexadecimal nibble: UInt8) {
        unsafe append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
    }
}
