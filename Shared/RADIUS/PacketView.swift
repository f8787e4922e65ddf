import WireFormat

/// A validated RADIUS packet in a buffer that belongs to the caller: nothing is copied and nothing is allocated.
///
/// Validation (RFC 2865 §3 and §5, RFC 3579 §3) walks the attributes once and notes where the first of each type
/// stands, so that looking one up costs a table access. Octets beyond the Length field are padding and are ignored.
///
/// SAFETY: every offset was checked by the initialiser, so no access leaves the buffer. The view is valid only while
/// the caller keeps the buffer alive and unchanged; nothing but `Authenticity` and readers may hold it meanwhile.
@safe
package struct PacketView {
    /// The length of the header, which is the shortest packet.
    package static let headerLength = 20
    /// The longest packet that RFC 2865 §3 allows.
    package static let maximumLength = 4096

    /// How many types have a place in the table of first offsets: all that an access server asks for each time.
    private static let tabledTypes = 128

    /// The octets of the packet, without padding.
    package let bytes: UnsafeRawBufferPointer
    /// Where the value of the Message-Authenticator stands, if the packet has one.
    package private(set) var messageAuthenticatorOffset: Int?
    /// How many Proxy-State attributes the packet carries.
    package private(set) var proxyStateCount = 0

    private var firstOffsets = InlineArray<128, UInt16>(repeating: 0)

    /// Validates the packet at the beginning of `received`; throws what makes it unfit to be looked at.
    package init(validating received: UnsafeRawBufferPointer) throws(PacketError) {
        guard received.count >= Self.headerLength else { throw .tooShort }
        let length = unsafe Int(received.bigEndianUInt16(at: 2))
        guard length >= Self.headerLength, length <= Self.maximumLength else { throw .lengthOutOfRange }
        guard length <= received.count else { throw .truncated }
        unsafe bytes = UnsafeRawBufferPointer(rebasing: received[0..<length])
        try indexAttributes()
    }

    /// The number of the packet's purpose, whether or not it is one that we know.
    package var code: UInt8 { unsafe bytes[0] }
    /// The purpose of the packet, if it is one that we know.
    package var knownCode: PacketCode? { PacketCode(rawValue: code) }
    /// The number that pairs a request with its reply.
    package var identifier: UInt8 { unsafe bytes[1] }
    /// The packet's length in octets.
    package var length: Int { unsafe bytes.count }
    /// The 16 octets of the authenticator field.
    package var authenticator: UnsafeRawBufferPointer { unsafe slice(4, 16) }
    /// The encoded attributes.
    package var attributeBytes: UnsafeRawBufferPointer { unsafe slice(Self.headerLength, length - Self.headerLength) }
    /// True when the packet carries an EAP-Message (RFC 3579).
    package var hasEAP: Bool { contains(AttributeType.eapMessage) }

    // MARK: - Attributes

    /// True when an attribute of that type is present.
    package func contains(_ type: UInt8) -> Bool { firstOffset(of: type) != nil }

    /// The value of the first attribute of that type; empty when the attribute has no value.
    package func first(_ type: UInt8) -> UnsafeRawBufferPointer? {
        guard let offset = firstOffset(of: type) else { return nil }
        return unsafe value(at: offset)
    }

    /// The first attribute of that type as a 32-bit integer; nil when it is absent or not four octets long.
    package func uint32(_ type: UInt8) -> UInt32? {
        guard let value = unsafe first(type), value.count == 4 else { return nil }
        return unsafe value.bigEndianUInt32(at: 0)
    }

    /// Calls `body` for every attribute in the order of the packet.
    package func forEach<Failure>(
        _ body: (_ type: UInt8, _ value: UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var offset = Self.headerLength
        while offset < length {
            unsafe try body(bytes[offset], value(at: offset))
            unsafe offset += Int(bytes[offset + 1])
        }
    }

    // MARK: - Internals

    private func firstOffset(of type: UInt8) -> Int? {
        if type < Self.tabledTypes {
            let offset = firstOffsets[Int(type)]
            return offset == 0 ? nil : Int(offset)
        }
        var offset = Self.headerLength
        while offset < length {
            if unsafe bytes[offset] == type { return offset }
            unsafe offset += Int(bytes[offset + 1])
        }
        return nil
    }

    /// The value of the attribute that begins at `offset`, which must be one of the walked offsets.
    private func value(at offset: Int) -> UnsafeRawBufferPointer {
        unsafe slice(offset + 2, Int(bytes[offset + 1]) - 2)
    }

    private func slice(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    private mutating func indexAttributes() throws(PacketError) {
        var offset = Self.headerLength
        let end = length
        var previous: UInt8 = 0
        while offset < end {
            guard end - offset >= 2 else { throw .malformedAttribute }
            let type = unsafe bytes[offset]
            let attributeLength = unsafe Int(bytes[offset + 1])
            guard attributeLength >= 2, attributeLength <= end - offset else { throw .malformedAttribute }
            switch type {
            case AttributeType.messageAuthenticator:
                guard attributeLength == 18 else { throw .malformedMessageAuthenticator }
                guard messageAuthenticatorOffset == nil else { throw .repeatedMessageAuthenticator }
                messageAuthenticatorOffset = offset + 2
            case AttributeType.proxyState:
                proxyStateCount += 1
            case AttributeType.eapMessage:
                let isFirst = firstOffsets[Int(type)] == 0
                guard isFirst || previous == type else { throw .scatteredEAPMessage }
            default: break
            }
            if type < Self.tabledTypes, firstOffsets[Int(type)] == 0 {
                firstOffsets[Int(type)] = UInt16(truncatingIfNeeded: offset)
            }
            previous = type
            offset += attributeLength
        }
    }
}
