/// What the installation vouches for.
package struct KeyringSignature: Hashable, Sendable {
    /// The key of the ring that the signing key is derived from.
    package let keyID: UInt32
    /// Ed25519 (RFC 8032).
    package let octets: [UInt8]

    package init(keyID: UInt32, octets: [UInt8]) {
        self.keyID = keyID
        self.octets = octets
    }

    /// Whether the signature is of that message and made with the private key that belongs to `publicKey`, 32 octets: for who has
    /// no keyring.
    package func holds(for message: [UInt8], publicKey: [UInt8]) throws(CryptoError) -> Bool {
        try Ed25519.verify(octets, of: message, publicKey: publicKey)
    }
}

extension Keyring {
    /// What a key signs; each purpose has a key of its own, so that no signature counts for another purpose.
    package enum SigningPurpose: String, Sendable {
        case auditCheckpoint = "audit-checkpoint"
        case ledgerCheckpoint = "ledger-checkpoint"
    }

    /// Signs with the active key.
    package func sign(_ message: [UInt8], for purpose: SigningPurpose) throws(KeyringError) -> KeyringSignature {
        let privateKey = try signingKey(activeKeyID, purpose)
        do throws(CryptoError) {
            return KeyringSignature(
                keyID: activeKeyID,
                octets: try Ed25519.sign(message, privateKey: privateKey)
            )
        } catch {
            throw .cryptography(error)
        }
    }

    /// Whether a key of this ring signed the message for that purpose. A key that is not in the ring throws `unknownKey`:
    /// nothing can be said then.
    package func verify(
        _ signature: KeyringSignature,
        of message: [UInt8],
        for purpose: SigningPurpose
    ) throws(KeyringError) -> Bool {
        let publicKey = try publicKey(signature.keyID, for: purpose)
        do throws(CryptoError) {
            return try Ed25519.verify(signature.octets, of: message, publicKey: publicKey)
        } catch {
            throw .cryptography(error)
        }
    }

    /// The public key of a purpose, with which others can verify without the keyring: 32 octets.
    package func publicKey(_ id: UInt32, for purpose: SigningPurpose) throws(KeyringError) -> [UInt8] {
        let privateKey = try signingKey(id, purpose)
        do throws(CryptoError) {
            return try Ed25519.publicKey(of: privateKey)
        } catch {
            throw .cryptography(error)
        }
    }

    /// The hash of the purpose and the key, which has 32 random octets: knowing one signing key tells neither the key nor
    /// another signing key.
    private func signingKey(_ id: UInt32, _ purpose: SigningPurpose) throws(KeyringError) -> [UInt8] {
        guard let key = key(id) else { throw .unknownKey(id: id) }
        return Digest.sha256(Array("nexora.signing.1.\(purpose.rawValue)".utf8) + [0] + key)
    }
}
