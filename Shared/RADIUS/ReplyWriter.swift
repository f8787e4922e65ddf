package import Crypto
import WireFormat

/// Writes one packet, usually a reply, into a buffer that belongs to the caller. Nothing is allocated.
///
/// What does not fit is not written and sets `overflowed`; a packet that overflowed is never finished, so no half reply
/// can leave. Access replies and Protocol-Error begin with their Message-Authenticator without being asked.
///
/// SAFETY: every write is checked against the buffer; the caller keeps the buffer alive while the writer is used.
@safe
package struct ReplyWriter: ~Copyable {
    private let buffer: UnsafeMutableRawBufferPointer
    private var position = PacketView.headerLength
    private var messageAuthenticatorOffset: Int?
    /// True once something did not fit.
    package private(set) var overflowed = false

    /// Begins a packet with a Message-Authenticator exactly where the code demands one.
    package init(into buffer: UnsafeMutableRawBufferPointer, code: PacketCode, identifier: UInt8) {
        unsafe self.init(
            into: buffer,
            code: code,
            identifier: identifier,
            messageAuthenticator: code.repliesWithMessageAuthenticator
        )
    }

    /// Begins a packet that carries a Message-Authenticator, as its first attribute, if `messageAuthenticator`: the
    /// answer of the accounting port to a Status-Server must (RFC 5997 §4), a plain Accounting-Response need not.
    package init(
        into buffer: UnsafeMutableRawBufferPointer,
        code: PacketCode,
        identifier: UInt8,
        messageAuthenticator: Bool
    ) {
        unsafe self.buffer = UnsafeMutableRawBufferPointer(
            rebasing: buffer[0..<min(buffer.count, PacketView.maximumLength)]
        )
        guard buffer.count >= PacketView.headerLength else {
            overflowed = true
            return
        }
        unsafe self.buffer[0] = code.rawValue
        unsafe self.buffer[1] = identifier
        guard messageAuthenticator, let offset = reserve(type: AttributeType.messageAuthenticator, count: 16) else {
            return
        }
        messageAuthenticatorOffset = offset
        unsafe self.buffer.storeBigEndian(UInt64(0), at: offset)
        unsafe self.buffer.storeBigEndian(UInt64(0), at: offset + 8)
    }

    /// Goes on with a packet that another writer left after `length` octets, in a buffer that holds them.
    package init(continuing buffer: UnsafeMutableRawBufferPointer, length: Int, code: PacketCode, identifier: UInt8) {
        unsafe self.init(into: buffer, code: code, identifier: identifier)
        guard !overflowed, length >= position, unsafe length <= self.buffer.count else {
            overflowed = true
            return
        }
        position = length
    }

    /// The octets written so far.
    package var length: Int { position }

    /// Leaves the packet to be continued: what was written so far; 0 when something did not fit.
    package consuming func leave() -> Int { overflowed ? 0 : position }

    // MARK: - Attributes

    /// Appends an attribute; a value of more than 253 octets does not fit.
    package mutating func append(type: UInt8, _ value: UnsafeRawBufferPointer) {
        guard let offset = reserve(type: type, count: value.count) else { return }
        unsafe copy(value, to: offset)
    }

    /// Appends an attribute.
    package mutating func append(type: UInt8, _ value: [UInt8]) {
        unsafe value.withUnsafeBytes { unsafe append(type: type, $0) }
    }

    /// Appends a text attribute in UTF-8.
    package mutating func append(type: UInt8, text: String) {
        var text = text
        text.withUTF8 { unsafe append(type: type, UnsafeRawBufferPointer($0)) }
    }

    /// Appends an integer, address or time attribute.
    package mutating func append(type: UInt8, _ value: UInt32) {
        guard let offset = reserve(type: type, count: 4) else { return }
        unsafe buffer.storeBigEndian(value, at: offset)
    }

    /// Appends a Vendor-Specific attribute with one value (RFC 2865 §5.26); more than 247 octets do not fit.
    package mutating func appendVendor(vendor: UInt32, type: UInt8, _ value: UnsafeRawBufferPointer) {
        guard let offset = reserveVendor(vendor, type, count: value.count) else { return }
        unsafe copy(value, to: offset)
    }

    /// Appends a Vendor-Specific attribute with one value.
    package mutating func appendVendor(vendor: UInt32, type: UInt8, _ value: [UInt8]) {
        unsafe value.withUnsafeBytes { unsafe appendVendor(vendor: vendor, type: type, $0) }
    }

    /// Appends a Vendor-Specific attribute with an integer.
    package mutating func appendVendor(vendor: UInt32, type: UInt8, _ value: UInt32) {
        guard let offset = reserveVendor(vendor, type, count: 4) else { return }
        unsafe buffer.storeBigEndian(value, at: offset)
    }

    /// Appends attributes that are encoded already, such as those prepared once for a plan.
    package mutating func appendRaw(_ encodedAttributes: UnsafeRawBufferPointer) {
        guard let offset = reserve(encodedAttributes.count) else { return }
        unsafe copy(encodedAttributes, to: offset)
    }

    /// Appends attributes that are encoded already.
    package mutating func appendRaw(_ encodedAttributes: [UInt8]) {
        unsafe encodedAttributes.withUnsafeBytes { unsafe appendRaw($0) }
    }

    /// Appends the request's Proxy-State attributes unchanged and in their order (RFC 2865 §5.33).
    package mutating func copyProxyState(from request: PacketView) {
        guard request.proxyStateCount > 0 else { return }
        let attributes = unsafe request.attributeBytes
        var offset = 0
        while offset < attributes.count {
            let length = unsafe Int(attributes[offset + 1])
            if unsafe attributes[offset] == AttributeType.proxyState {
                unsafe appendRaw(UnsafeRawBufferPointer(rebasing: attributes[offset..<offset + length]))
            }
            offset += length
        }
    }

    /// How many octets still fit.
    package var room: Int { unsafe overflowed ? 0 : buffer.count - position }

    /// Takes out the attributes that begin at `start`, an earlier `length`, or later and that the pattern matches; with
    /// `value` only those equal to that whole encoded attribute. What follows moves up.
    package mutating func remove(from start: Int, matching pattern: AttributePattern, equalTo value: [UInt8] = []) {
        guard !overflowed, start >= PacketView.headerLength else { return }
        var (reading, writing) = (start, start)
        while reading < position {
            let length = unsafe Int(buffer[reading + 1])
            let attribute = unsafe UnsafeRawBufferPointer(rebasing: buffer[reading..<reading + length])
            let goes = unsafe pattern.matches(attribute) && (value.isEmpty || attribute.elementsEqual(value))
            if !goes {
                if writing < reading { unsafe copy(attribute, to: writing) }
                writing += length
            }
            reading += length
        }
        position = writing
    }

    /// Lowers what the integer attributes of a type that begin at `start` or later say to `most`, where it is more. Adds none.
    package mutating func lower(type: UInt8, to most: UInt32, from start: Int) {
        guard !overflowed, start >= PacketView.headerLength else { return }
        var at = start
        while at < position {
            let length = unsafe Int(buffer[at + 1])
            if unsafe buffer[at] == type, length == 6 {
                let value = unsafe UInt32(bigEndian: buffer.loadUnaligned(fromByteOffset: at + 2, as: UInt32.self))
                if value > most { unsafe buffer.storeBigEndian(most, at: at + 2) }
            }
            at += length
        }
    }

    // MARK: - Finish

    /// Completes a reply: its length, then its Message-Authenticator, then its Response Authenticator, both over the
    /// request's 16 octets (RFC 2865 §3, RFC 3579 §3.2). Returns the length to send; 0, and nothing to send, when
    /// something did not fit or `requestAuthenticator` is not 16 octets long.
    package consuming func finish(
        requestAuthenticator: UnsafeRawBufferPointer,
        secret: borrowing SecretContext
    ) -> Int {
        guard !overflowed, requestAuthenticator.count == 16, let base = unsafe buffer.baseAddress else { return 0 }
        unsafe buffer.storeBigEndian(UInt16(truncatingIfNeeded: position), at: 2)
        unsafe copy(requestAuthenticator, to: 4)
        let packet = unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<position])
        if let offset = messageAuthenticatorOffset {
            unsafe secret.hmacMD5(packet, into: base + offset)
        }
        unsafe secret.md5WithSecretAppended(packet, into: base + 4)
        return position
    }

    // MARK: - Internals

    /// Writes an attribute's header and returns where its value goes, or nil when it does not fit.
    private mutating func reserve(type: UInt8, count: Int) -> Int? {
        guard count <= 253, let offset = reserve(count + 2) else {
            overflowed = true
            return nil
        }
        unsafe buffer[offset] = type
        unsafe buffer[offset + 1] = UInt8(truncatingIfNeeded: count + 2)
        return offset + 2
    }

    private mutating func reserveVendor(_ vendor: UInt32, _ type: UInt8, count: Int) -> Int? {
        guard count <= 247, let offset = reserve(type: AttributeType.vendorSpecific, count: count + 6) else {
            overflowed = true
            return nil
        }
        unsafe buffer.storeBigEndian(vendor, at: offset)
        unsafe buffer[offset + 4] = type
        unsafe buffer[offset + 5] = UInt8(truncatingIfNeeded: count + 2)
        return offset + 6
    }

    private mutating func reserve(_ count: Int) -> Int? {
        guard !overflowed, unsafe count <= buffer.count - position else {
            overflowed = true
            return nil
        }
        let offset = position
        position += count
        return offset
    }

    /// Copies `value` to a place that was reserved for it.
    private func copy(_ value: UnsafeRawBufferPointer, to offset: Int) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + value.count]).copyMemory(from: value)
    }
}
