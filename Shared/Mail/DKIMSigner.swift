package import Crypto
package import Domain
internal import WireFormat

/// Signs messages for a domain (RFC 6376; RFC 8463 for Ed25519), relaxed in head and body.
///
/// Date, From, Reply-To, To and Subject are named once more than they occur, so that nobody adds a second one to what was signed
/// (RFC 6376 §5.4, §8.15).
package struct DKIMSigner: Sendable {
    private enum Key: Sendable {
        case rsa(RSAPrivateKey)
        case ed25519(Ed25519PrivateKey)
    }

    /// What is signed where nothing else is said, in that order; fields that a message lacks are left out.
    package static let usualFields = [
        "from", "reply-to", "to", "subject", "date", "message-id", "auto-submitted", "content-language",
        "list-unsubscribe", "list-unsubscribe-post", "mime-version", "content-type", "content-transfer-encoding",
    ]
    private static let once: Set = ["from", "reply-to", "to", "subject", "date"]

    package let domain: String
    package let selector: String
    private let signed: [String]
    private let key: Key

    /// `pem` is an unencrypted private key: RSA of 2048 bits or more, or Ed25519. Throws where it is neither. `fields` replaces those
    /// that are signed; From is, whatever it says.
    package init(domain: String, selector: String, pem: String, fields: [String]? = nil) throws(ValidationError) {
        self.domain = domain
        self.selector = selector
        let wanted = (fields ?? Self.usualFields).map { $0.lowercased() }
        signed = wanted.contains("from") ? wanted : ["from"] + wanted
        if let rsa = try? RSAPrivateKey(pem: pem) {
            key = .rsa(rsa)
        } else if let ed25519 = try? Ed25519PrivateKey(pem: pem) {
            key = .ed25519(ed25519)
        } else {
            let expected = "an unencrypted private key as PEM: RSA of at least 2048 bits, or Ed25519"
            throw .single("dkim_key", .malformed(expected: expected))
        }
    }

    /// What stands in DNS as text at `<selector>._domainkey.<domain>`.
    package var record: String {
        get throws(CryptoError) {
            switch key {
            case .rsa(let key): "v=DKIM1; k=rsa; p=\(Base64.encode(try key.publicKey.subjectPublicKeyInfo()))"
            case .ed25519(let key): "v=DKIM1; k=ed25519; p=\(Base64.encode(key.publicKey))"
            }
        }
    }

    /// The message with its signature before it. About a millisecond with RSA of 2048 bits.
    package func sign(_ message: MailMessage, at now: Timestamp) throws(CryptoError) -> MailMessage {
        let bodyHash = Base64.encode(Digest.sha256(DKIMText.body(message.body)))
        let (names, fields) = chosen(message.fields)
        let algorithm: String
        switch key {
        case .rsa: algorithm = "rsa-sha256"
        case .ed25519: algorithm = "ed25519-sha256"
        }
        let tags = [
            "v=1;", "a=\(algorithm);", "c=relaxed/relaxed;", "d=\(domain);", "s=\(selector);",
            "t=\(now.microseconds / 1_000_000);",
        ]
        let start = "DKIM-Signature: ".utf8.count
        let value =
            HeaderText.folded(tags, column: start) + "\r\n " + Self.list(names) + "\r\n bh=\(bodyHash);\r\n b="
        // The field itself is signed without its line's end (RFC 6376 §3.7).
        let head =
            fields.map { DKIMText.field($0) + "\r\n" }.joined() + DKIMText.field(MailField("DKIM-Signature", value))
        let signature = Base64.encode(try signature(Array(head.utf8)))
        var signed = message
        signed.prepend(MailField("DKIM-Signature", value + Self.broken(signature)))
        return signed
    }

    // MARK: - Private

    private func signature(_ head: [UInt8]) throws(CryptoError) -> [UInt8] {
        switch key {
        case .rsa(let key): try key.sign(head)
        // Ed25519 signs the digest (RFC 8463 §3).
        case .ed25519(let key): try key.sign(Digest.sha256(head))
        }
    }

    /// Names as the signature lists them, and the fields they stand for: of several of one name, the last comes first (§5.4.2).
    private func chosen(_ fields: [MailField]) -> (names: [String], fields: [MailField]) {
        var (names, chosen) = ([String](), [MailField]())
        for name in signed where !names.contains(name) {
            let found = fields.filter { $0.name.lowercased() == name }.reversed()
            chosen += found
            names += found.map { _ in name }
            if Self.once.contains(name) { names.append(name) }
        }
        return (names, chosen)
    }

    private static func list(_ names: [String]) -> String {
        let last = names.count - 1
        let words = names.enumerated().map { index, name in
            (index == 0 ? "h=" : "") + name + (index == last ? ";" : ":")
        }
        return HeaderText.folded(words, column: 1)
    }

    private static func broken(_ text: String) -> String {
        let octets = Array(text.utf8)
        return stride(from: 0, to: octets.count, by: 70).map { start in
            String(decoding: octets[start..<min(start + 70, octets.count)], as: UTF8.self)
        }.joined(separator: "\r\n ")
    }
}

/// The relaxed forms of head and body (RFC 6376 §3.4.2, §3.4.4).
enum DKIMText {
    static func field(_ field: MailField) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" }
        return field.name.lowercased() + ":" + field.value.split(whereSeparator: isBlank).joined(separator: " ")
    }

    /// A body whose lines end with CRLF.
    static func body(_ octets: [UInt8]) -> [UInt8] {
        var (text, blanks, ends) = ([UInt8](), false, 0)
        text.reserveCapacity(octets.count)
        var index = 0
        while index < octets.count {
            let octet = octets[index]
            if octet == 0x0d, index + 1 < octets.count, octets[index + 1] == 0x0a {
                // Blanks at a line's end are nothing, and lines at the body's end neither.
                blanks = false
                ends += 1
                index += 2
                continue
            }
            index += 1
            if octet == 0x20 || octet == 0x09 {
                blanks = true
                continue
            }
            for _ in 0..<ends { text += [0x0d, 0x0a] }
            ends = 0
            if blanks { text.append(0x20) }
            blanks = false
            text.append(octet)
        }
        return text.isEmpty ? [] : text + [0x0d, 0x0a]
    }
}
