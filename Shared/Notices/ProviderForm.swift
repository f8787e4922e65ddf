package import Domain

/// What an account with a provider is made of: which settings and secrets its kind has, and what each must look like.
package struct ProviderForm: Sendable, Hashable {
    /// What a setting may hold.
    package enum Value: Sendable, Hashable {
        /// Up to so many characters, none of them a control.
        case text(Int)
        case host
        /// By https, or by http to a place of one's own.
        case url
        case port
        case email
        /// A number with its `+`, or a sender's name of up to 11 characters.
        case sender
        case choice([String])
    }

    package struct Setting: Sendable, Hashable {
        package let name: String
        package let value: Value
        package let isRequired: Bool

        init(_ name: String, _ value: Value, isRequired: Bool = false) {
            (self.name, self.value, self.isRequired) = (name, value, isRequired)
        }

        /// It says where, how safely and to whose account what is secret is sent.
        var leads: Bool {
            switch value {
            case .url, .port: true
            case .host, .choice: !["helo", "dkim_domain", "dkim_selector"].contains(name)
            case .text: ["username", "account_sid"].contains(name)
            case .email, .sender: false
            }
        }
    }

    package struct Secret: Sendable, Hashable {
        package let name: String
        package let isRequired: Bool

        init(_ name: String, isRequired: Bool = true) { (self.name, self.isRequired) = (name, isRequired) }
    }

    package let channel: NoticeChannel
    /// As `notice_providers.kind` has it.
    package let kind: String
    package let settings: [Setting]
    package let secrets: [Secret]
    /// Of these settings one must be there; empty where none need.
    package let oneOf: [String]

    /// The form of a channel's kind; nil for what nobody knows.
    package static func of(_ channel: NoticeChannel, _ kind: String) -> ProviderForm? {
        all.first { $0.channel == channel && $0.kind == kind }
    }

    private init(
        _ channel: NoticeChannel,
        _ kind: String,
        _ settings: [Setting],
        _ secrets: [Secret],
        oneOf: [String] = []
    ) {
        (self.channel, self.kind, self.settings, self.secrets, self.oneOf) = (channel, kind, settings, secrets, oneOf)
    }

    private static let sender: [Setting] = [
        Setting("from", .email, isRequired: true), Setting("from_name", .text(100)),
    ]
    private static let base = Setting("base_url", .url)
    /// Where the vendor tells what became of a message, and by what it proves itself.
    private static let receipts = Setting("receipts_url", .url)
    private static let webhookKey = Secret("webhook_key", isRequired: false)

    package static let all: [ProviderForm] = [
        ProviderForm(
            .email,
            "smtp",
            [
                Setting("host", .host, isRequired: true), Setting("port", .port, isRequired: true),
                Setting("security", .choice(["none", "starttls", "tls"]), isRequired: true),
                Setting("username", .text(254)),
            ] + sender + [
                Setting("reply_to", .email), Setting("helo", .host), Setting("dkim_domain", .host),
                Setting("dkim_selector", .host), Setting("dkim_headers", .text(1_000)),
            ],
            [Secret("password", isRequired: false), Secret("dkim_key", isRequired: false)]
        ),
        ProviderForm(.email, "sendgrid", sender + [base], [Secret("api_key"), webhookKey]),
        ProviderForm(
            .email,
            "mailgun",
            sender + [
                Setting("domain", .host, isRequired: true), Setting("region", .choice(["us", "eu"]), isRequired: true),
                base,
            ],
            [Secret("api_key"), webhookKey]
        ),
        ProviderForm(
            .email,
            "postal",
            sender + [Setting("host", .host, isRequired: true), base],
            [Secret("api_key"), webhookKey]
        ),
        ProviderForm(
            .email,
            "ses",
            sender + [Setting("region", .host, isRequired: true), Setting("topic_arn", .text(300)), base],
            [Secret("access_key"), Secret("secret_key")]
        ),
        ProviderForm(
            .sms,
            "twilio",
            [
                Setting("account_sid", .text(64), isRequired: true), Setting("from", .sender),
                Setting("messaging_service_sid", .text(64)), receipts, base,
            ],
            [Secret("auth_token")],
            oneOf: ["from", "messaging_service_sid"]
        ),
        ProviderForm(
            .sms,
            "vonage",
            [Setting("from", .sender, isRequired: true), receipts, base],
            [Secret("api_key"), Secret("api_secret"), Secret("signature_secret", isRequired: false)]
        ),
        ProviderForm(
            .sms,
            "kannel",
            [
                Setting("url", .url, isRequired: true), Setting("username", .text(100), isRequired: true),
                Setting("from", .sender, isRequired: true), receipts,
            ],
            [Secret("password"), Secret("receipts_token", isRequired: false)]
        ),
        ProviderForm(
            .push,
            "fcm",
            [Setting("project_id", .host, isRequired: true), base, Setting("token_url", .url)],
            [Secret("service_account")]
        ),
        ProviderForm(.slack, "webhook", [], [Secret("url")]),
    ]

    // MARK: - Checking

    /// Throws everything that is wrong with an account's settings and, where they are given, its secrets. Those that are given replace all
    /// that were there. Never repeats a value.
    package func check(settings: [String: String], secrets: [String: String]?) throws(ValidationError) {
        try Draft(form: self, settings: settings, secrets: secrets).validate()
    }

    private struct Draft: Validated {
        let form: ProviderForm
        let settings: [String: String]
        let secrets: [String: String]?

        func check(_ checks: inout FieldChecks) {
            form.check(settings, &checks)
            if let secrets { form.check(secrets, settings, &checks) }
        }
    }

    private func check(_ settings: [String: String], _ checks: inout FieldChecks) {
        for setting in self.settings {
            let field = "settings/\(setting.name)"
            guard let value = settings[setting.name] else {
                if setting.isRequired { checks.refuse(field, .conflicts(reason: "is required")) }
                continue
            }
            if let reason = setting.value.fault(value) { checks.refuse(field, .conflicts(reason: reason)) }
        }
        if !Set(self.settings.map(\.name)).isSuperset(of: settings.keys) {
            checks.refuse("settings", .conflicts(reason: "has a member that \(kind) does not know"))
        }
        if !oneOf.isEmpty, oneOf.allSatisfy({ settings[$0] == nil }) {
            checks.refuse("settings", .conflicts(reason: "must have one of \(oneOf.joined(separator: ", "))"))
        }
        if (settings["dkim_domain"] == nil) != (settings["dkim_selector"] == nil) {
            checks.refuse("settings/dkim_selector", .conflicts(reason: "goes with dkim_domain"))
        }
    }

    private func check(_ secrets: [String: String], _ settings: [String: String], _ checks: inout FieldChecks) {
        for secret in self.secrets {
            let value = secrets[secret.name]
            if secret.isRequired, value == nil {
                checks.refuse("secrets/\(secret.name)", .conflicts(reason: "is required"))
            }
            if let value, value.isEmpty || value.unicodeScalars.contains("\0") {
                checks.refuse("secrets/\(secret.name)", .conflicts(reason: "must be text"))
            }
        }
        let known = Set(self.secrets.map(\.name))
        if !known.isSuperset(of: secrets.keys) {
            checks.refuse("secrets", .conflicts(reason: "has a member that \(kind) does not know"))
        }
        if secrets.values.reduce(0, { $0 + $1.utf8.count }) > 12_000 {
            checks.refuse("secrets", .tooLong(maximum: 12_000))
        }
        if settings["dkim_domain"] != nil, secrets["dkim_key"] == nil {
            checks.refuse("secrets/dkim_key", .conflicts(reason: "is required"))
        }
        if channel == .slack, let url = secrets["url"], Value.url.fault(url) != nil {
            checks.refuse("secrets/url", .conflicts(reason: "must be a URL"))
        }
    }

    /// Whether other settings lead to another place than those before: secrets that were given for the one are not sent to the other.
    package func leadElsewhere(_ settings: [String: String], from before: [String: String]) -> Bool {
        self.settings.contains { $0.leads && settings[$0.name] != before[$0.name] }
    }

    /// Whether a setting goes into JSON as a number.
    package func isNumber(_ name: String) -> Bool { settings.contains { $0.name == name && $0.value == .port } }
}

extension ProviderForm.Value {
    /// What a value must be, where it is not.
    func fault(_ text: String) -> String? {
        let scalars = text.unicodeScalars
        guard !text.isEmpty, scalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            return "must be text without controls"
        }
        switch self {
        case .text(let maximum): return scalars.count <= maximum ? nil : "must be at most \(maximum) characters"
        case .host: return Self.isHost(text) ? nil : "must be a name of letters, digits, points and hyphens"
        case .url: return Self.isURL(text) ? nil : "must be a URL by https or http"
        case .port:
            return UInt16(text).map { $0 > 0 } == true ? nil : "must be a whole number from 1 to 65535"
        case .email: return Self.isEmail(text) ? nil : "must be an e-mail address"
        case .sender:
            return Self.isSender(text) ? nil : "must be a number with its + or a name of up to 11 letters and digits"
        case .choice(let words): return words.contains(text) ? nil : "must be one of \(words.joined(separator: ", "))"
        }
    }

    private static func isName(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        default: false
        }
    }

    private static func isHost(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy { isName($0) || [0x2d, 0x2e, 0x3a, 0x5b, 0x5d, 0x5f].contains($0) }
    }

    private static func isURL(_ text: String) -> Bool {
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }), text.utf8.count <= 2_000
        else {
            return false
        }
        let rest = text.dropFirst(scheme.count)
        return rest.first.map { $0 != "/" } == true && rest.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            && !rest.contains("@") && !rest.contains("#")
    }

    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && text.unicodeScalars.count <= 254 && !parts[0].isEmpty
            && isHost(String(parts[1])) && !text.contains(where: { $0.isWhitespace || "<>,;\"()".contains($0) })
    }

    private static func isSender(_ text: String) -> Bool {
        if text.hasPrefix("+") {
            return (6...16).contains(text.utf8.count) && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
        }
        return (3...11).contains(text.utf8.count) && text.utf8.allSatisfy { isName($0) || $0 == 0x20 }
    }
}
