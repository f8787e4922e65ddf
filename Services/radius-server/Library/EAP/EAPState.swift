import Crypto
import RADIUS

/// What travels in State (RFC 2865 §5.24) of an EAP conversation: whose it is and where it is kept.
///
/// 20 octets: "N", format 1, the server (8), the shard (2, big endian), the random session id (8). The packet that brings
/// it back is authentic, so it needs no proof of its own; the id cannot be guessed by one NAS for another's.
struct EAPState: Equatable, Sendable {
    static let length = 20
    private static let mark: UInt8 = 0x4e
    private static let format: UInt8 = 1

    let server: UInt64
    let shard: UInt16
    let session: UInt64

    init(server: UInt64, shard: UInt16, session: UInt64) {
        self.server = server
        self.shard = shard
        self.session = session
    }

    /// Reads a State value; nil when it is of another kind.
    init?(_ value: UnsafeRawBufferPointer) {
        guard value.count == Self.length, unsafe value[0] == Self.mark, unsafe value[1] == Self.format else {
            return nil
        }
        server = UInt64(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
        shard = UInt16(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 10, as: UInt16.self))
        session = UInt64(bigEndian: unsafe value.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
    }

    /// Appends the attribute to a reply.
    func append(to reply: inout ReplyWriter) {
        var octets = InlineArray<20, UInt8>(repeating: 0)
        unsafe withUnsafeMutableBytes(of: &octets) { bytes in
            unsafe bytes[0] = Self.mark
            unsafe bytes[1] = Self.format
            unsafe bytes.storeBytes(of: server.bigEndian, toByteOffset: 2, as: UInt64.self)
            unsafe bytes.storeBytes(of: shard.bigEndian, toByteOffset: 10, as: UInt16.self)
            unsafe bytes.storeBytes(of: session.bigEndian, toByteOffset: 12, as: UInt64.self)
        }
        unsafe withUnsafeBytes(of: octets) { unsafe reply.append(type: AttributeType.state, $0) }
    }

    /// The number by which a server of that name knows its own States, the same after a restart: a peer whose
    /// conversation went down with the process is told at once, not left waiting.
    static func server(named name: String) -> UInt64 {
        Digest.sha256(Array("radius-server \(name)".utf8))[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
