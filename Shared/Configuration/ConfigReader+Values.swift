/// The typed readers. A `default` of nil makes a key required; `alias` is a bare environment name such as DATABASE_URL.
extension ConfigReader {
    /// A string; an empty one only when it is the default.
    package func string(_ key: String, default fallback: String? = nil, alias: String? = nil, doc: String) -> String {
        resolve(key, alias: alias, form: .text(), fallback: fallback, doc: doc) ?? ""
    }

    /// A string that has to satisfy a rule; `allowed` says the rule in words.
    package func string(
        _ key: String,
        default fallback: String? = nil,
        alias: String? = nil,
        allowed: String,
        where isAllowed: @escaping (String) -> Bool,
        doc: String
    ) -> String {
        resolve(key, alias: alias, form: .text(allowed, isAllowed), fallback: fallback, doc: doc) ?? ""
    }

    /// A string that may be missing.
    package func optionalString(_ key: String, alias: String? = nil, doc: String) -> String? {
        resolve(key, alias: alias, form: .text(), fallback: nil, isOptional: true, doc: doc)
    }

    /// A decimal integer within `range`.
    package func int(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>, doc: String) -> Int {
        let form = Form<Int>(
            kind: "an integer in \(range.lowerBound)...\(range.upperBound)",
            isSecret: false,
            parse: { text in Int(text).flatMap { range.contains($0) ? $0 : nil } },
            show: { String($0) }
        )
        return resolve(key, alias: nil, form: form, fallback: fallback, doc: doc) ?? range.lowerBound
    }

    /// A UDP or TCP port; 0 asks the system for a free one.
    package func port(_ key: String, default fallback: Int? = nil, doc: String) -> UInt16 {
        UInt16(clamping: int(key, default: fallback, in: 0...65_535, doc: doc))
    }

    /// `true`, `yes`, `on`, `1` or `false`, `no`, `off`, `0`.
    package func bool(_ key: String, default fallback: Bool? = nil, doc: String) -> Bool {
        let form = Form<Bool>(
            kind: "true or false",
            isSecret: false,
            parse: { text in
                switch text.lowercased() {
                case "true", "yes", "on", "1": true
                case "false", "no", "off", "0": false
                default: nil
                }
            },
            show: { String($0) }
        )
        return resolve(key, alias: nil, form: form, fallback: fallback, doc: doc) ?? false
    }

    /// A duration such as `250ms`, `15m`, `1h30m` within `range`.
    package func duration(
        _ key: String,
        default fallback: Duration? = nil,
        in range: ClosedRange<Duration>,
        doc: String
    ) -> Duration {
        let bounds = "\(Quantity.text(range.lowerBound))...\(Quantity.text(range.upperBound))"
        let form = Form<Duration>(
            kind: "a duration in \(bounds) (units ns us ms s m h d)",
            isSecret: false,
            parse: { text in Quantity.duration(text).flatMap { range.contains($0) ? $0 : nil } },
            show: { Quantity.text($0) }
        )
        return resolve(key, alias: nil, form: form, fallback: fallback, doc: doc) ?? range.lowerBound
    }

    /// A size in octets such as `4096`, `64KiB`, `4MiB` within `range`.
    package func bytes(_ key: String, default fallback: Int? = nil, in range: ClosedRange<Int>, doc: String) -> Int {
        let bounds = "\(Quantity.text(octets: range.lowerBound))...\(Quantity.text(octets: range.upperBound))"
        let form = Form<Int>(
            kind: "a size in \(bounds) (units B KiB MiB GiB TiB kB MB GB)",
            isSecret: false,
            parse: { text in Quantity.size(text).flatMap { range.contains($0) ? $0 : nil } },
            show: { Quantity.text(octets: $0) }
        )
        return resolve(key, alias: nil, form: form, fallback: fallback, doc: doc) ?? range.lowerBound
    }

    /// A secret: never shown in reports or errors.
    package func secret(
        _ key: String,
        default fallback: String? = nil,
        alias: String? = nil,
        doc: String
    ) -> Secret<String> {
        Secret(resolve(key, alias: alias, form: .secret, fallback: fallback, doc: doc) ?? "")
    }

    /// A secret that may be missing.
    package func optionalSecret(_ key: String, alias: String? = nil, doc: String) -> Secret<String>? {
        resolve(key, alias: alias, form: .secret, fallback: nil, isOptional: true, doc: doc).map { Secret($0) }
    }

    /// A URL (or several, separated by commas) of one of `schemes`. Reports show it without its password.
    package func url(
        _ key: String,
        default fallback: String? = nil,
        alias: String? = nil,
        schemes: [String],
        doc: String
    ) -> Secret<String> {
        let kind = "a URL that begins with " + schemes.map { $0 + "://" }.joined(separator: " or ")
        let form = Form<String>(
            kind: kind,
            isSecret: true,
            parse: { text in
                let isValid = URLText.split(text).allSatisfy { part in
                    schemes.contains { part.hasPrefix($0 + "://") && part.utf8.count > $0.utf8.count + 3 }
                }
                return isValid ? text : nil
            },
            show: { URLText.redacted($0) }
        )
        return Secret(resolve(key, alias: alias, form: form, fallback: fallback, doc: doc) ?? "")
    }

    /// Values separated by commas; blanks around them do not count, empty ones are refused.
    package func list(_ key: String, default fallback: [String]? = nil, alias: String? = nil, doc: String) -> [String] {
        let form = Form<[String]>(
            kind: "a list separated by commas",
            isSecret: false,
            parse: { text in
                if text.isEmpty { return [] }
                let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.trimmed) }
                return parts.contains("") ? nil : parts
            },
            show: { $0.joined(separator: ",") }
        )
        return resolve(key, alias: alias, form: form, fallback: fallback, doc: doc) ?? []
    }

    /// One of an enumeration's raw values.
    package func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String,
        default fallback: Choice,
        doc: String
    ) -> Choice where Choice.RawValue == String {
        let form = Form<Choice>(
            kind: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "),
            isSecret: false,
            parse: { Choice(rawValue: $0) },
            show: { $0.rawValue }
        )
        return resolve(key, alias: nil, form: form, fallback: fallback, doc: doc) ?? fallback
    }
}

extension ConfigReader.Form where Value == String {
    fileprivate static func text(
        _ kind: String = "a text that is not empty",
        _ isAllowed: @escaping (String) -> Bool = { !$0.isEmpty }
    ) -> Self {
        Self(kind: kind, isSecret: false, parse: { isAllowed($0) ? $0 : nil }, show: { $0 })
    }

    fileprivate static var secret: Self {
        Self(
            kind: "a secret that is not empty",
            isSecret: true,
            parse: { $0.isEmpty ? nil : $0 },
            show: { _ in "<redacted>" }
        )
    }
}
