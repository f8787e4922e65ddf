import Crypto
import Domain
import WireFormat

extension SignedCheckpoint {
    /// The checkpoint as one line of JSON, to be kept where the database's owner cannot reach it.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("tenant")
        writer.value(checkpoint.tenantID.description)
        writer.key("number")
        writer.value(checkpoint.number)
        writer.key("hash")
        writer.value(Hex.encode(checkpoint.hash))
        writer.key("recordedAt")
        writer.value(checkpoint.recordedAt.description)
        writer.key("signedAt")
        writer.value(checkpoint.signedAt.description)
        writer.key("key")
        writer.value(Int64(signature.keyID))
        writer.key("signature")
        writer.value(Hex.encode(signature.octets))
        writer.endObject()
        return writer.bytes
    }

    /// Reads what `json` wrote; nil for anything else.
    package init?(json: [UInt8]) {
        guard case .object(let members) = AuditValue(json: json) else { return nil }
        func text(_ name: String) -> String? {
            guard case .text(let text) = members[name] else { return nil }
            return text
        }
        func number(_ name: String) -> Int64? {
            guard case .integer(let number) = members[name] else { return nil }
            return number
        }
        guard let tenant = text("tenant").flatMap({ TenantID($0) }), let place = number("number"),
            let hash = text("hash").flatMap(Hex.decode), let recorded = text("recordedAt").flatMap({ Timestamp($0) }),
            let signed = text("signedAt").flatMap({ Timestamp($0) }),
            let key = number("key").flatMap({ UInt32(exactly: $0) }),
            let octets = text("signature").flatMap(Hex.decode)
        else { return nil }
        self.init(
            AuditCheckpoint(
                tenantID: tenant,
                number: place,
                hash: hash,
                recordedAt: recorded,
                signedAt: signed
            ),
            KeyringSignature(keyID: key, octets: octets)
        )
    }
}
