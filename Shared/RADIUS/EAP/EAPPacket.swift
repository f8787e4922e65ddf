import WireFormat

/// Who speaks in an EAP packet (RFC 3748 §4).
package enum EAPCode: UInt8, Sendable, CaseIterable {
    case request = 1
    case response = 2
    case success = 3
    case failure = 4
}

/// EAP types that are read or written (RFC 3748 §5, IANA "EAP Method Types").
package enum EAPType {
    package static let identity: UInt8 = 1
    package static let notification: UInt8 = 2
    package static let nak: UInt8 = 3
    package static let md5Challenge: UInt8 = 4
    package static let mschapv2: UInt8 = 26
}

/// Why octets are no EAP packet.
package enum EAPError: String, Error, Sendable, CaseIterable {
    /// Fewer octets than a header has, or than its Length promises.
    case truncated
    /// A Length below that of a header.
    case lengthOutOfRange = "length_out_of_range"
    /// A code that RFC 3748 §4 does not know.
    case unknownCode = "unknown_code"
    /// A request or response without its type.
    case typeMissing = "type_missing"
}

/// One EAP packet (RFC 3748 §4).
package struct EAPPacket: Equatable, Sendable {
    /// The length of code, identifier and length.
    package static let headerLength = 4

    /// Who speaks.
    package var code: EAPCode
    /// The number that pairs a response with its request.
    package var identifier: UInt8
    /// What a request or response is about; nil in a success and a failure, which have none.
    package var type: UInt8?
    /// Type-Data; empty in a success and a failure.
    package var data: [UInt8]

    /// A packet to be encoded.
    package init(_ code: EAPCode, identifier: UInt8, type: UInt8? = nil, data: [UInt8] = []) {
        self.code = code
        self.identifier = identifier
        self.type = type
        self.data = data
    }

    /// Reads a packet. Octets beyond its Length are padding of the link and are dropped (RFC 3748 §4).
    package init(parsing bytes: [UInt8]) throws(EAPError) {
        guard bytes.count >= Self.headerLength else { throw .truncated }
        let length = Int(bytes[2]) << 8 | Int(bytes[3])
        guard length >= Self.headerLength else { throw .lengthOutOfRange }
        guard length <= bytes.count else { throw .truncated }
        guard let code = EAPCode(rawValue: bytes[0]) else { throw .unknownCode }
        self.code = code
        identifier = bytes[1]
        guard code == .request || code == .response else {
            data = []
            return
        }
        guard length > Self.headerLength else { throw .typeMissing }
        type = bytes[4]
        data = Array(bytes[5..<length])
    }

    /// The packet's octets. Its Type-Data must fit into a Length of 16 bits.
    package var encoded: [UInt8] {
        let body = (type.map { [$0] } ?? []) + data
        let length = Self.headerLength + body.count
        precondition(length <= UInt16.max, "an EAP packet has at most 65,535 octets")
        return [code.rawValue, identifier, UInt8(length >> 8), UInt8(length & 0xFF)] + body
    }

    /// The answer to a request, success or failure that a NAS sends to its server: roles are not reversed over RADIUS,
    /// so no method is acceptable (RFC 3579 §2.6.2). Nil for a response.
    package var roleRefusal: EAPPacket? {
        code == .response ? nil : EAPPacket(.response, identifier: identifier, type: EAPType.nak, data: [0])
    }
}
