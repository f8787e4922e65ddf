import Crypto

/// The keys that an EAP method leaves to both sides, named from the server: MS-MPPE-Recv-Key and MS-MPPE-Send-Key of the
/// Access-Accept (RFC 3580 §3.16). One after the other they begin the MSK.
package struct EAPKeys: Equatable, Sendable {
    package let receive: [UInt8]
    package let send: [UInt8]
}

/// What shows that a claim was true. Only `EAPClaim.proof` makes one.
package struct EAPProof: Equatable, Sendable {
    /// What the server shows in return, `S=` and 40 digits (RFC 2759 §5); nil where the method is one-sided.
    let authenticatorResponse: [UInt8]?
    let keys: EAPKeys?
}

/// What a peer's response claims: to know the password that answers the method's challenge.
package enum EAPClaim: Equatable, Sendable {
    /// MD5 over identifier, password and challenge (RFC 3748 §5.4, RFC 1994 §4.1).
    case md5(identifier: UInt8, challenge: [UInt8], value: [UInt8])
    /// The 49 octets of an MS-CHAPv2 response and the name it was made for (RFC 2759 §4).
    case mschapv2(challenge: [UInt8], value: [UInt8], name: [UInt8])

    /// The account that the response itself names; nil where the identity is all there is.
    package var name: [UInt8]? {
        switch self {
        case .md5: nil
        case .mschapv2(_, _, let name): name.isEmpty ? nil : name
        }
    }

    /// Proof that the claim is true for this password; nil when it is not, or when the cryptographic library lacks what
    /// MS-CHAPv2 takes. Compares in constant time.
    package func proof(password: [UInt8]) -> EAPProof? {
        switch self {
        case .md5(let identifier, let challenge, let value):
            let response = [identifier] + value
            let matches = unsafe response.withUnsafeBytes { response in
                unsafe challenge.withUnsafeBytes { challenge in
                    unsafe password.withUnsafeBytes {
                        unsafe CHAP.verify(response: response, challenge: challenge, password: $0)
                    }
                }
            }
            return matches ? EAPProof(authenticatorResponse: nil, keys: nil) : nil
        case .mschapv2(let challenge, let value, let name):
            return try? Self.mschapv2Proof(challenge, value, name, password)
        }
    }

    private static func mschapv2Proof(
        _ challenge: [UInt8],
        _ value: [UInt8],
        _ name: [UInt8],
        _ password: [UInt8]
    ) throws(CryptoError) -> EAPProof? {
        guard value.count == 49 else { return nil }
        // The same fields as in MS-CHAP2-Response, which has identifier and flags in front (RFC 2548 §2.3.2).
        let response = [0, value[48]] + value[..<48]
        let hash = try MSCHAP.ntHash(password: password)
        guard
            try MSCHAP.verifyVersion2(response: response, challenge: challenge, userName: name, ntHash: hash),
            let success = try MSCHAP.success(response: response, challenge: challenge, userName: name, ntHash: hash)
        else { return nil }
        let master = MPPE.masterKey(ntHashHash: try MSCHAP.ntHashHash(hash), ntResponse: Array(response[26...]))
        return EAPProof(
            authenticatorResponse: Array(success[1...]),
            keys: EAPKeys(
                receive: MPPE.startKey(masterKey: master, .serverReceive),
                send: MPPE.startKey(masterKey: master, .serverSend)
            )
        )
    }
}

/// What the server's rules say to a claim.
package enum EAPVerdict: Equatable, Sendable {
    /// It is true and the account may log on.
    case admitted(EAPProof)
    /// It is false, or the account may not log on; a method that can tell the peer says this.
    case refused(MSCHAP.Failure, message: String)
}
