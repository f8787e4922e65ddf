package import WireFormat

/// An RSA key for signatures as others read it (RFC 7517; RFC 7518 §6.3).
package struct JSONWebKey: Sendable {
    /// What a token's header names the key by.
    package let keyID: String
    package let key: RSAPublicKey

    package init(keyID: String, key: RSAPublicKey) {
        self.keyID = keyID
        self.key = key
    }

    /// A fresh key's id: its thumbprint (RFC 7638), so that two keys never share one.
    package static func thumbprint(of key: RSAPublicKey) -> String {
        let text = #"{"e":"\#(Base64URL.encode(key.exponent))","kty":"RSA","n":"\#(Base64URL.encode(key.modulus))"}"#
        return Base64URL.encode(Digest.sha256(Array(text.utf8)))
    }

    /// Writes the key as one JSON object.
    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        for (name, value) in [
            ("kty", "RSA"), ("use", "sig"), ("alg", "RS256"), ("kid", keyID),
            ("n", Base64URL.encode(key.modulus)), ("e", Base64URL.encode(key.exponent)),
        ] {
            writer.key(string: name)
            writer.value(value)
        }
        writer.endObject()
    }

    /// Reads one key. Throws `invalidMember` for one of another kind, use or algorithm, or that is no sound RSA key.
    package init(json: [UInt8]) throws(JSONError) {
        var members: [String: String] = [:]
        var reader = JSONReader(json)
        try reader.readObject { reader, key throws(JSONError) in
            guard members[key] == nil else { throw .invalidMember(key) }
            guard try reader.peek() == .string else { return try reader.skipValue() }
            members[key] = try reader.readString()
        }
        try reader.expectEnd()
        guard members["kty"] == "RSA" else { throw .invalidMember("kty") }
        guard members["use"] ?? "sig" == "sig" else { throw .invalidMember("use") }
        guard members["alg"] ?? "RS256" == "RS256" else { throw .invalidMember("alg") }
        guard let keyID = members["kid"], !keyID.isEmpty else { throw .missingMember("kid") }
        guard let n = members["n"].flatMap({ Base64URL.decode($0) }),
            let e = members["e"].flatMap({ Base64URL.decode($0) })
        else { throw .invalidMember("n") }
        do throws(CryptoError) {
            self.init(keyID: keyID, key: try RSAPublicKey(modulus: n, exponent: e))
        } catch {
            throw .invalidMember("n")
        }
    }

    /// The set of keys that is published: `{"keys":[…]}`.
    package static func set(_ keys: [JSONWebKey]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("keys")
        writer.beginArray()
        for key in keys { key.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }
}
