extension Keyring {
    /// A secret of 32 octets that everyone with this keyring shares, for one purpose and no other. It changes with the active
    /// key: for what may be forgotten then.
    package func sharedSecret(for purpose: String) -> [UInt8] {
        Digest.sha256(Array("nexora.shared.1.\(purpose)".utf8) + [0] + (key(activeKeyID) ?? []))
    }
}
