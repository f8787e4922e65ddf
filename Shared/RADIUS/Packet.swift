package import Crypto
import WireFormat

/// A RADIUS packet with its own storage, for clients, tools and tests. The server's hot path uses `PacketView` and
/// `ReplyWriter` instead.
package struct Packet: Equatable, Sendable {
    /// The number of the packet's purpose; see `PacketCode`.
    package var code: UInt8
    /// The number that pairs a request with its reply.
    package var identifier: UInt8
    /// 16 octets: unpredictable in an Access-Request or Status-Server, computed by the encoder everywhere else.
    package var authenticator: [UInt8]
    /// The attributes in the order of the packet.
    package var attributes: [Attribute]

    /// A packet to be encoded. Without `authenticator` a fresh random one is taken.
    package init(
        _ code: PacketCode,
        identifier: UInt8,
        authenticator: [UInt8]? = nil,
        attributes: [Attribute] = []
    ) {
        self.code = code.rawValue
        self.identifier = identifier
        self.authenticator = authenticator ?? Randomness.bytes(16)
        self.attributes = attributes
    }

    /// Validates and copies a packet as it came from the network; octets beyond its Length are dropped.
    package init(parsing bytes: [UInt8]) throws(PacketError) {
        let parsed: Result<Packet, PacketError> = unsafe bytes.withUnsafeBytes { buffer in
            do throws(PacketError) {
                return .success(Packet(copying: unsafe try PacketView(validating: buffer)))
            } catch {
                return .failure(error)
            }
        }
        self = try parsed.get()
    }

    /// Copies a validated packet.
    package init(copying view: PacketView) {
        code = view.code
        identifier = view.identifier
        authenticator = unsafe [UInt8](view.authenticator)
        var attributes: [Attribute] = []
        unsafe view.forEach { type, value in attributes.append(Attribute(type, unsafe [UInt8](value))) }
        self.attributes = attributes
    }

    /// The value of the first attribute of that type.
    package func first(_ type: UInt8) -> [UInt8]? {
        attributes.first { $0.type == type }?.value
    }

    /// The value of the first attribute of that vendor and type that stands alone in its Vendor-Specific attribute.
    package func firstVendor(_ vendor: UInt32, _ type: UInt8) -> [UInt8]? {
        let header = Attribute.vendor(vendor, type, []).value.dropLast()
        return attributes.first { attribute in
            attribute.type == AttributeType.vendorSpecific && attribute.value.starts(with: header)
                && attribute.value.count >= 6 && Int(attribute.value[5]) == attribute.value.count - 4
        }.map { Array($0.value[6...]) }
    }

    /// The octets of a request under `secret`: a Message-Authenticator among the attributes is computed wherever it
    /// stands, and so is the Request Authenticator of accounting, CoA and Disconnect requests. Nil when the attributes
    /// do not fit into a packet.
    package func encodedRequest(secret: SharedSecret) -> [UInt8]? {
        let isComputed = PacketCode(rawValue: code)?.hasComputedRequestAuthenticator == true
        let initial = isComputed ? [UInt8](repeating: 0, count: 16) : authenticator
        guard var bytes = encoded(over: initial, secret) else { return nil }
        if isComputed { bytes.replaceSubrange(4..<20, with: Digest.md5(bytes + secret.bytes)) }
        return bytes
    }

    /// The octets of a reply to the request whose authenticator is given, with its Response Authenticator and, where the
    /// attributes hold one, its Message-Authenticator. Nil when the attributes do not fit into a packet.
    package func encodedReply(requestAuthenticator: [UInt8], secret: SharedSecret) -> [UInt8]? {
        guard var bytes = encoded(over: requestAuthenticator, secret) else { return nil }
        bytes.replaceSubrange(4..<20, with: Digest.md5(bytes + secret.bytes))
        return bytes
    }

    /// The packet with `authenticator` in its place and the Message-Authenticator computed over that.
    private func encoded(over authenticator: [UInt8], _ secret: SharedSecret) -> [UInt8]? {
        guard authenticator.count == 16 else { return nil }
        var bytes: [UInt8] = [code, identifier, 0, 0] + authenticator
        var codeOffset: Int?
        for attribute in attributes {
            var attribute = attribute
            if attribute.type == AttributeType.messageAuthenticator {
                attribute = .messageAuthenticator
                codeOffset = bytes.count + 2
            }
            guard let encoded = attribute.encoded else { return nil }
            bytes += encoded
        }
        guard bytes.count <= PacketView.maximumLength else { return nil }
        bytes[2] = UInt8(bytes.count >> 8)
        bytes[3] = UInt8(bytes.count & 0xFF)
        if let codeOffset {
            var code = [UInt8](repeating: 0, count: 16)
            unsafe bytes.withUnsafeBytes { message in
                unsafe code.withUnsafeMutableBytes { code in
                    if let base = code.baseAddress { unsafe secret.context.hmacMD5(message, into: base) }
                }
            }
            bytes.replaceSubrange(codeOffset..<codeOffset + 16, with: code)
        }
        return bytes
    }
}
