package import Crypto
import WireFormat

/// MS-CHAP versions 1 (RFC 2433) and 2 (RFC 2759), the server's side. What throws does so only when the cryptographic
/// library lacks MD4 or DES: see `LegacyAlgorithms.check()`.
package enum MSCHAP {
    /// NtPasswordHash: MD4 of the password in UTF-16, 16 octets (RFC 2433 App A.2). Can be kept in place of the password.
    package static func ntHash(password: [UInt8]) throws(CryptoError) -> [UInt8] {
        var units: [UInt8] = []
        units.reserveCapacity(password.count * 2)
        for unit in String(decoding: password, as: UTF8.self).utf16 {
            units.append(UInt8(truncatingIfNeeded: unit))
            units.append(UInt8(truncatingIfNeeded: unit >> 8))
        }
        return try Digest.md4(units)
    }

    /// HashNtPasswordHash: MD4 of the NT hash, 16 octets (RFC 2759 §8.4).
    package static func ntHashHash(_ ntHash: [UInt8]) throws(CryptoError) -> [UInt8] {
        try Digest.md4(ntHash)
    }

    /// LmPasswordHash, 16 octets (RFC 2433 App A.1); nil for what LAN Manager could not hold: passwords of more than 14
    /// characters or with others than ASCII.
    package static func lanManagerHash(password: [UInt8]) throws(CryptoError) -> [UInt8]? {
        guard password.count <= 14, password.allSatisfy({ $0 < 0x80 }) else { return nil }
        let upper = password.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 - 0x20 : $0 }
        let padded = upper + [UInt8](repeating: 0, count: 14 - upper.count)
        return try DES.encrypt(block: Array("KGS!@#$%".utf8), keys: [padded[..<7], padded[7...]])
    }

    /// ChallengeResponse: the 24 octets that prove knowledge of the hash to an 8-octet challenge (RFC 2433 App A.5).
    package static func challengeResponse(challenge: [UInt8], passwordHash: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard passwordHash.count == 16 else { throw .wrongLength("password hash") }
        let padded = passwordHash + [UInt8](repeating: 0, count: 5)
        return try DES.encrypt(block: challenge, keys: [padded[..<7], padded[7..<14], padded[14...]])
    }

    // MARK: - Version 1

    /// True when `response`, the 50 octets of MS-CHAP-Response, holds the NT response to the 8-octet challenge. A response
    /// that offers only the LAN Manager part is refused: it is broken for good.
    package static func verifyVersion1(
        response: [UInt8],
        challenge: [UInt8],
        ntHash: [UInt8]
    ) throws(CryptoError) -> Bool {
        guard response.count == 50, challenge.count == 8, ntHash.count == 16, response[1] & 1 == 1 else { return false }
        let expected = try challengeResponse(challenge: challenge, passwordHash: ntHash)
        return constantTimeEquals(expected, Array(response[26...]))
    }

    // MARK: - Version 2

    /// ChallengeHash: the 8-octet challenge of version 2 (RFC 2759 §8.2). A domain before the name does not count.
    package static func challengeHash(
        peerChallenge: [UInt8],
        authenticatorChallenge: [UInt8],
        userName: [UInt8]
    ) -> [UInt8] {
        let start = userName.lastIndex(of: UInt8(ascii: "\\")).map { $0 + 1 } ?? 0
        return Array(Digest.sha1(peerChallenge + authenticatorChallenge + userName[start...])[..<8])
    }

    /// True when `response`, the 50 octets of MS-CHAP2-Response, answers the 16-octet challenge for that user.
    package static func verifyVersion2(
        response: [UInt8],
        challenge: [UInt8],
        userName: [UInt8],
        ntHash: [UInt8]
    ) throws(CryptoError) -> Bool {
        guard response.count == 50, challenge.count == 16, ntHash.count == 16 else { return false }
        let hash = challengeHash(
            peerChallenge: Array(response[2..<18]),
            authenticatorChallenge: challenge,
            userName: userName
        )
        let expected = try challengeResponse(challenge: hash, passwordHash: ntHash)
        return constantTimeEquals(expected, Array(response[26...]))
    }

    /// The value of MS-CHAP2-Success: the response's identifier, then `S=` and 40 hexadecimal digits by which the server
    /// proves that it knows the password too (RFC 2759 §8.7, RFC 2548 §2.3.3). `response` must have passed
    /// `verifyVersion2`; nil when it is not 50 octets long.
    package static func success(
        response: [UInt8],
        challenge: [UInt8],
        userName: [UInt8],
        ntHash: [UInt8]
    ) throws(CryptoError) -> [UInt8]? {
        guard response.count == 50 else { return nil }
        let hash = challengeHash(
            peerChallenge: Array(response[2..<18]),
            authenticatorChallenge: challenge,
            userName: userName
        )
        let first = Digest.sha1(
            try ntHashHash(ntHash) + response[26...] + Array("Magic server to client signing constant".utf8)
        )
        let second = Digest.sha1(first + hash + Array("Pad to make it do more than one iteration".utf8))
        return [response[0]] + Array("S=".utf8) + Array(Hex.encodeUpperCase(second).utf8)
    }

    // MARK: - Failure

    /// Error codes that a peer understands (RFC 2759 §6).
    package enum Failure: Int, Sendable {
        case restrictedLogonHours = 646
        case accountDisabled = 647
        case passwordExpired = 648
        case noDialInPermission = 649
        case authenticationFailure = 691
    }

    /// The value of MS-CHAP-Error (RFC 2548 §2.1.4): the identifier, then `E=… R=… C=… V=3 M=…`. `challenge` is the one for
    /// another try, which `mayRetry` allows: 16 octets in version 2, 8 in version 1.
    package static func error(
        identifier: UInt8,
        _ failure: Failure,
        mayRetry: Bool,
        challenge: [UInt8],
        message: String
    ) -> [UInt8] {
        let retry = mayRetry ? 1 : 0
        let digits = Hex.encodeUpperCase(challenge)
        return [identifier] + Array("E=\(failure.rawValue) R=\(retry) C=\(digits) V=3 M=\(message)".utf8)
    }
}
