/// A key for one body of data, kept sealed by the keyring beside it: when it is destroyed, the data is.
package struct DataKey: Sendable, CustomStringConvertible {
    private let octets: [UInt8]

    /// A fresh key.
    package init() {
        octets = Randomness.bytes(AESGCM.keyLength)
    }

    /// Opens a key that `sealed(by:for:)` made.
    package init(sealed: [UInt8], by keyring: Keyring, for place: SealedPlace) throws(KeyringError) {
        let octets = try keyring.open(sealed, for: place)
        guard octets.count == AESGCM.keyLength else { throw .notSealed }
        self.octets = octets
    }

    /// The key as it may be stored.
    package func sealed(by keyring: Keyring, for place: SealedPlace) throws(KeyringError) -> [UInt8] {
        try keyring.seal(octets, for: place)
    }

    /// Nonce, cipher text and tag of AES-256-GCM. A place must not be sealed more than some 2^32 times with one key.
    package func seal(_ clear: [UInt8], for place: SealedPlace) throws(KeyringError) -> [UInt8] {
        let nonce = Randomness.bytes(AESGCM.nonceLength)
        do throws(CryptoError) {
            return try nonce + AESGCM.seal(clear, key: octets, nonce: nonce, data: place.associatedData)
        } catch {
            throw .cryptography(error)
        }
    }

    /// Opens what was sealed for `place` with this key. Throws `notSealed` for anything else.
    package func open(_ sealed: [UInt8], for place: SealedPlace) throws(KeyringError) -> [UInt8] {
        guard sealed.count >= AESGCM.nonceLength + AESGCM.tagLength else { throw .notSealed }
        let clear: [UInt8]?
        do throws(CryptoError) {
            clear = try AESGCM.open(
                sealed[AESGCM.nonceLength...],
                key: octets,
                nonce: Array(sealed[..<AESGCM.nonceLength]),
                data: place.associatedData
            )
        } catch {
            throw .cryptography(error)
        }
        guard let clear else { throw .notSealed }
        return clear
    }

    /// Never the key.
    package var description: String { "<data key>" }
}
