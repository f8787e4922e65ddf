internal import Crypto
package import Domain
internal import Notices
internal import WireFormat

/// What an account with a vendor is told: its settings and its secrets, checked.
package struct CarrierSettings: Sendable {
    package let kind: CarrierKind
    let settings: [String: String]
    let secrets: [String: String]

    /// Throws everything that is wrong with them, by name, and never what stands there. What is empty was left out.
    package static func check(
        _ kind: CarrierKind,
        _ settings: [String: String],
        secrets: [String: String]
    ) throws(ValidationError) -> CarrierSettings {
        let read = CarrierSettings(
            kind: kind,
            settings: settings.filter { !$0.value.isEmpty },
            secrets: secrets.filter { !$0.value.isEmpty }
        )
        try read.validate()
        return read
    }

    /// A setting that is there, or nothing.
    subscript(name: String) -> String? { settings[name] }

    /// Without slashes at its end.
    func url(_ name: String = "base_url", default address: String) -> String {
        var text = settings[name] ?? address
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }
}

extension CarrierSettings: Validated {
    package func check(_ checks: inout FieldChecks) {
        let (names, secretNames) = (kind.settings, kind.secrets)
        checkNames(settings, names, "setting", &checks)
        checkNames(secrets, secretNames, "secret", &checks)
        for (name, text) in settings.sorted(by: { $0.key < $1.key }) {
            checks.optional(name, text, maximum: 500)
            checks.oneLine(name, text)
            checkForm(name, text, &checks)
        }
        for (name, text) in secrets.sorted(by: { $0.key < $1.key }) {
            checks.optional(name, text, maximum: 10_000)
            checkSecret(name, text, &checks)
        }
        if kind == .twilio, (settings["from"] == nil) == (settings["messaging_service_sid"] == nil) {
            checks.refuse("from", .conflicts(reason: "or messaging_service_sid is needed, and not both"))
        }
        if kind == .kannel, (settings["receipts_url"] == nil) != (secrets["receipts_token"] == nil) {
            checks.refuse("receipts_token", .conflicts(reason: "and receipts_url are needed together"))
        }
    }

    private func checkNames(
        _ values: [String: String],
        _ names: (needed: [String], allowed: [String]),
        _ word: String,
        _ checks: inout FieldChecks
    ) {
        for name in names.needed where values[name] == nil { checks.refuse(name, .missing) }
        let known = names.needed + names.allowed
        for name in values.keys.sorted() where !known.contains(name) {
            checks.refuse(name, .conflicts(reason: "is no \(word) of a \(kind.rawValue) provider"))
        }
    }

    private func checkForm(_ name: String, _ text: String, _ checks: inout FieldChecks) {
        let expected: String? =
            switch name {
            case "from" where kind.channel == .email, "reply_to":
                MailText.isAddress(text) ? nil : "an e-mail address such as billing@isp.example"
            case "from":
                CarrierSMS.isSender(text)
                    ? nil : "a number with its +, or up to 11 letters and digits, or a short number"
            case "domain": MailText.isDomain(text) ? nil : "a domain's name"
            case "region" where kind == .mailgun: ["us", "eu"].contains(text) ? nil : "us or eu"
            case "region": Self.isWord(text) ? nil : "a region such as eu-west-1"
            case "account_sid", "messaging_service_sid", "project_id":
                Self.isWord(text) ? nil : "letters, digits and hyphens"
            case "host" where MailText.isDomain(text): nil
            case "host", "url", "base_url", "token_url", "receipts_url": Self.urlProblem(text)
            default: nil
            }
        if let expected { checks.refuse(name, .malformed(expected: expected)) }
    }

    private func checkSecret(_ name: String, _ text: String, _ checks: inout FieldChecks) {
        let expected: String? =
            switch (kind, name) {
            case (.webhook, "url"): Self.urlProblem(text)
            case (.fcm, "service_account"):
                ServiceAccount(json: text) == nil ? "the JSON file of a service account" : nil
            case (.sendgrid, "webhook_key"), (.postal, "webhook_key"):
                (try? SignersKey.read(text)) == nil ? "a public key, in PEM or in base 64" : nil
            // They go into fields of requests, where nothing else may stand.
            default:
                text.utf8.allSatisfy { (0x21...0x7e).contains($0) || kind == .kannel && $0 >= 0x20 }
                    ? nil : "printable ASCII without blanks"
            }
        if let expected { checks.refuse(name, .malformed(expected: expected)) }
    }

    private static func isWord(_ text: String) -> Bool {
        text.utf8.count <= 100 && text.utf8.allSatisfy { MailText.isLetterOrDigit($0) || $0 == 0x2d }
    }

    /// An absolute URL without a user, a query or a fragment; in clear only to private installations and tests.
    private static func urlProblem(_ text: String) -> String? {
        let expected = "a URL that begins with https:// (or http://) and has no user, query or fragment"
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }) else { return expected }
        let rest = text.dropFirst(scheme.count)
        guard let first = rest.utf8.first, first != 0x2f, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            !rest.contains(where: { "@?#\\\"<>".contains($0) })
        else { return expected }
        return nil
    }
}

extension SignersKey {
    /// A key as vendors show it: PEM, or its base 64 alone.
    static func read(_ text: String) throws(CryptoError) -> SignersKey {
        if text.contains("-----BEGIN") { return try SignersKey(pem: text) }
        let octets = text.filter { !$0.isWhitespace }
        guard let der = Base64.decode(octets) else { throw .operationFailed("base 64") }
        return try SignersKey(der: der)
    }
}
