package import Domain
package import HTTPClient

/// What a provider of kind `smtp` is told: its settings and its secrets, checked.
package struct MailSettings: Sendable {
    /// What may stand in the settings, and what in the secrets.
    package static let names: Set = [
        "host", "port", "security", "username", "from", "from_name", "reply_to", "helo", "dkim_domain", "dkim_selector",
        "dkim_headers",
    ]
    package static let secretNames: Set = ["password", "dkim_key"]

    package var server: MailServer
    package let sender: MailSender
    package let dkim: DKIMSigner?

    /// Throws everything that is wrong with them, by name. A password is said over TLS only, or to this machine.
    package static func check(
        _ settings: [String: String],
        secrets: [String: String]
    ) throws(ValidationError) -> MailSettings {
        var reading = MailSettingsReading(settings, secrets)
        let read = reading.read()
        try reading.checks.validate()
        guard let read else { throw .single("host", .missing) }
        return read
    }
}

/// What was found wrong, and texts whose length and form the directory's own rules know.
private struct SettingsProblems: Validated {
    private var problems: [(field: String, problem: FieldProblem)] = []
    private var texts: [(field: String, text: String?, maximum: Int)] = []

    mutating func refuse(_ field: String, _ problem: FieldProblem) { problems.append((field, problem)) }

    mutating func oneLine(_ field: String, _ text: String?, maximum: Int) { texts.append((field, text, maximum)) }

    func check(_ checks: inout FieldChecks) {
        for (field, problem) in problems { checks.refuse(field, problem) }
        for (field, text, maximum) in texts {
            checks.optional(field, text, maximum: maximum)
            checks.oneLine(field, text)
        }
    }
}

/// Reads settings and gathers what is wrong with them.
private struct MailSettingsReading {
    var checks = SettingsProblems()
    private let settings: [String: String]
    private let secrets: [String: String]

    init(_ settings: [String: String], _ secrets: [String: String]) {
        // What is empty was left out.
        self.settings = settings.filter { !$0.value.isEmpty }
        self.secrets = secrets.filter { !$0.value.isEmpty }
        for name in self.settings.keys.sorted() where !MailSettings.names.contains(name) {
            checks.refuse(name, .conflicts(reason: "is no setting of an smtp provider"))
        }
        for name in self.secrets.keys.sorted() where !MailSettings.secretNames.contains(name) {
            checks.refuse(name, .conflicts(reason: "is no secret of an smtp provider"))
        }
    }

    mutating func read() -> MailSettings? {
        let from = address("from", isNeeded: true)
        let replyTo = address("reply_to", isNeeded: false)
        checks.oneLine("from_name", settings["from_name"], maximum: 100)
        let server = server(from)
        let dkim = dkim(from)
        guard let from, let server else { return nil }
        let sender = MailSender(from, name: settings["from_name"], replyTo: replyTo)
        return MailSettings(server: server, sender: sender, dkim: dkim)
    }

    private mutating func address(_ field: String, isNeeded: Bool) -> MailAddress? {
        guard let text = settings[field] else {
            if isNeeded { checks.refuse(field, .missing) }
            return nil
        }
        let address = MailAddress(text)
        if address == nil {
            checks.refuse(field, .malformed(expected: "an e-mail address such as billing@isp.example"))
        }
        return address
    }

    private mutating func server(_ from: MailAddress?) -> MailServer? {
        let securities = MailServer.Security.allCases.map(\.rawValue).joined(separator: ", ")
        let security = MailServer.Security(rawValue: settings["security"] ?? "starttls")
        if security == nil { checks.refuse("security", .malformed(expected: "one of \(securities)")) }
        let usualPort = security == .tls ? 465 : security == .starttls ? 587 : 25
        let port = settings["port"].map { Int($0) ?? 0 } ?? usualPort
        if !(1...65_535).contains(port) { checks.refuse("port", .outOfRange(minimum: 1, maximum: 65_535)) }
        let host = settings["host"] ?? ""
        let isLocal = Self.isThisMachine(host)
        if host.isEmpty {
            checks.refuse("host", .missing)
        } else if !Self.isHost(host) {
            checks.refuse("host", .malformed(expected: "a host's name or its numeric address"))
        }
        let helo = settings["helo"] ?? from?.domain ?? ""
        if !helo.isEmpty, !MailAddress.isDomain(helo) {
            checks.refuse("helo", .malformed(expected: "a domain's name"))
        }
        let hasPassword = secrets["password"] != nil
        if hasPassword != (settings["username"] != nil) {
            checks.refuse(hasPassword ? "username" : "password", .conflicts(reason: "is needed where the other one is"))
        }
        if hasPassword, security == MailServer.Security.none, !isLocal {
            checks.refuse("security", .conflicts(reason: "must be starttls or tls where there is a password"))
        }
        checks.oneLine("username", settings["username"], maximum: 500)
        checks.oneLine("password", secrets["password"], maximum: 500)
        guard let security else { return nil }
        var server = MailServer(host: host, port: port, security: security, helo: helo)
        server.username = settings["username"]
        server.password = secrets["password"]
        return server
    }

    private mutating func dkim(_ from: MailAddress?) -> DKIMSigner? {
        let (domain, selector) = (settings["dkim_domain"]?.lowercased(), settings["dkim_selector"]?.lowercased())
        let pem = secrets["dkim_key"]
        guard domain != nil || selector != nil || pem != nil else {
            if settings["dkim_headers"] != nil { checks.refuse("dkim_domain", .missing) }
            return nil
        }
        if selector == nil { checks.refuse("dkim_selector", .missing) }
        if pem == nil { checks.refuse("dkim_key", .missing) }
        let signingDomain = domain ?? from?.domain ?? ""
        if !signingDomain.isEmpty, !MailAddress.isDomain(signingDomain) {
            checks.refuse("dkim_domain", .malformed(expected: "a domain's name"))
        } else if let from, from.domain != signingDomain, !from.domain.hasSuffix("." + signingDomain) {
            // Otherwise DMARC takes the signature for somebody else's (RFC 7489 §3.1.1).
            checks.refuse("dkim_domain", .conflicts(reason: "must be the sender's domain or one above it"))
        }
        let labels = selector?.split(separator: ".", omittingEmptySubsequences: false)
        if labels?.allSatisfy(MailAddress.isLabel) == false {
            checks.refuse("dkim_selector", .malformed(expected: "letters, digits, hyphens, and dots between such"))
        }
        let fields = headers()
        guard let selector, let pem else { return nil }
        do throws(ValidationError) {
            return try DKIMSigner(domain: signingDomain, selector: selector, pem: pem, fields: fields)
        } catch {
            for problem in error.fields { checks.refuse(problem.field, problem.problem) }
            return nil
        }
    }

    private mutating func headers() -> [String]? {
        guard let text = settings["dkim_headers"] else { return nil }
        let isBreak: (Character) -> Bool = { $0 == ":" || $0 == "," || $0 == " " }
        let names = text.split(whereSeparator: isBreak).map { $0.lowercased() }
        let areNames = names.allSatisfy { $0.utf8.allSatisfy { MailAddress.isLetterOrDigit($0) || $0 == 0x2d } }
        guard !names.isEmpty, names.count <= 50, text.utf8.count <= 1_000, areNames, names.contains("from") else {
            checks.refuse("dkim_headers", .malformed(expected: "names of fields with colons between, from among them"))
            return nil
        }
        return names
    }

    private static func isHost(_ text: String) -> Bool {
        guard text.utf8.count <= 253 else { return false }
        if text.contains(":") { return IPAddress(text) != nil }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(MailAddress.isLabel)
    }

    private static func isThisMachine(_ host: String) -> Bool {
        host.lowercased() == "localhost" || host == "::1" || host.hasPrefix("127.") && IPAddress(host) != nil
    }
}
