import Crypto
import WireFormat

extension CommandContext {
    /// Shows the public keys (Ed25519) of the keyring for one purpose, and which of them signs now.
    func listPublicKeys(for purpose: Keyring.SigningPurpose) throws {
        let keyring = try keyring()
        report.list(
            try keyring.keyIDs.map { id in
                var record = OutputRecord()
                record.add("key", .integer(Int64(id)))
                record.add("active", .boolean(id == keyring.activeKeyID))
                record.add("publicKey", .text(Hex.encode(try keyring.publicKey(id, for: purpose))))
                return record
            },
            none: "no keys"
        )
    }
}
