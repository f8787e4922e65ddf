package import Crypto

/// Keys for Microsoft Point-to-Point Encryption, derived from MS-CHAP (RFC 3079).
package enum MPPE {
    /// Whose key it is, seen from the server.
    package enum Direction: Sendable {
        case serverSend
        case serverReceive
    }

    /// How many bits of a session key count.
    package enum Strength: Sendable {
        case bits40
        case bits56
        case bits128
    }

    // MARK: - MS-CHAP version 1

    /// The clear value of MS-CHAP-MPPE-Keys: 8 octets of the LAN Manager hash (zeros without one), the hash of the NT hash,
    /// padded to 32. RFC 2548 §2.4.1 says NT hash, but every NAS takes its hash, as pppd and Windows do. It is sent
    /// hidden like a User-Password.
    package static func version1Keys(lanManagerHash: [UInt8]?, ntHash: [UInt8]) throws(CryptoError) -> [UInt8] {
        var keys = [UInt8](repeating: 0, count: 32)
        if let lanManagerHash, lanManagerHash.count >= 8 { keys.replaceSubrange(0..<8, with: lanManagerHash[..<8]) }
        keys.replaceSubrange(8..<24, with: try MSCHAP.ntHashHash(ntHash))
        return keys
    }

    /// GetStartKey for 128 bits (RFC 3079 §2.4): from the hash of the NT hash and the 8-octet challenge, 16 octets.
    package static func version1StartKey(ntHashHash: [UInt8], challenge: [UInt8]) -> [UInt8] {
        Array(Digest.sha1(ntHashHash + ntHashHash + challenge)[..<16])
    }

    // MARK: - MS-CHAP version 2

    /// GetMasterKey (RFC 3079 §3.4): from the hash of the NT hash and the 24-octet NT response, 16 octets.
    package static func masterKey(ntHashHash: [UInt8], ntResponse: [UInt8]) -> [UInt8] {
        Array(Digest.sha1(ntHashHash + ntResponse + Array("This is the MPPE Master Key".utf8))[..<16])
    }

    /// GetAsymmetricStartKey (RFC 3079 §3.4): the 16 octets of MS-MPPE-Send-Key or MS-MPPE-Recv-Key, or of the shorter
    /// start key of 8 octets for 40 and 56 bits.
    package static func startKey(masterKey: [UInt8], _ direction: Direction, length: Int = 16) -> [UInt8] {
        let magic =
            switch direction {
            case .serverSend:
                "On the client side, this is the receive key; on the server side, it is the send key."
            case .serverReceive:
                "On the client side, this is the send key; on the server side, it is the receive key."
            }
        return Array(Digest.sha1(masterKey + pad1 + Array(magic.utf8) + pad2)[..<length])
    }

    // MARK: - Session keys

    /// GetNewKeyFromSHA (RFC 3079 §2.4 and §3.4): the session key that follows `session`, of the start key's length,
    /// weakened where `strength` says so.
    package static func sessionKey(start: [UInt8], session: [UInt8], strength: Strength) -> [UInt8] {
        var key = Array(Digest.sha1(start + pad1 + session + pad2)[..<start.count])
        switch strength {
        case .bits40: key.replaceSubrange(0..<3, with: [0xD1, 0x26, 0x9E])
        case .bits56: key[0] = 0xD1
        case .bits128: break
        }
        return key
    }

    private static let pad1 = [UInt8](repeating: 0x00, count: 40)
    private static let pad2 = [UInt8](repeating: 0xF2, count: 40)
}
