extension Keyring {
    /// A secret of 32 octets that everyone with this keyring shares, for one purpose and no other. It changes with the active
    /// key: for what may be forgotten then.
    package func sharedSecret(for purpose: String) -> [UInt8] {
        Digest.sha256(Array("nexora.shared.1.\(purpose)".utf8) + [0] + (key(activeKeyID) ?? []))
    }

    /// The same of every key, the active one's first: for what was signed before a rotation and still holds.
    package func sharedSecrets(for purpose: String) -> [[UInt8]] {
        ([activeKeyID] + keyIDs.filter { $0 != activeKeyID }).map { id in
            Digest.sha256(Array("nexora.shared.1.\(purpose)".utf8) + [0] + (key(id) ?? []))
        }
    }
}
