/// Reads the configuration of one daemon: environment over file over default.
///
/// Keys are dotted lower case (`radius.auth.port`); the environment's name is `NEXORA_` and the key in upper case with
/// `_` for `.`. Reading a key declares it. Readers never throw: a wrong value is noted, a stand-in returned, and
/// `finish()` throws everything that is wrong at once, unknown keys included. Use nothing before `finish()`.
/// An empty environment variable counts as not set. For one thread, at start-up.
package final class ConfigReader {
    /// One key as it was resolved.
    package struct Entry: Sendable, Equatable {
        package let key: String
        /// What kind of value it takes, such as `integer 0...65535`.
        package let kind: String
        package let defaultText: String
        package let documentation: String
        /// The environment's names for it, the first wins.
        package let environmentNames: [String]
        /// As it may be shown: secrets are redacted.
        package var value: String
        /// `default`, `environment NEXORA_X` or `file /etc/x line 3`.
        package var source: String
    }

    private let environment: [String: String]
    private let file: ConfigFile?
    private var problems: [ConfigurationError.Problem] = []
    private var declared: [Entry] = []

    /// Names under the prefix that are read elsewhere.
    private static let foreign: Set<String> = ["NEXORA_CONFIG"]
    private static let testPrefix = "NEXORA_TEST_"

    /// Reads from the given environment and the file at `path`; without a path, from the one that NEXORA_CONFIG names.
    /// A file that cannot be read is a problem that `finish()` tells.
    package init(environment: [String: String] = Environment.current(), path: String? = nil) {
        self.environment = environment
        guard let path = path ?? environment["NEXORA_CONFIG"], !path.isEmpty else {
            file = nil
            return
        }
        switch FileText.read(path) {
        case .success(let text):
            let parsed = ConfigFile(name: path, text: text)
            file = parsed
            problems = parsed.problems
        case .failure(let error):
            file = nil
            problems = [.init(key: path, source: nil, value: nil, reason: error.reason)]
        }
    }

    /// Reads from the given environment and a file's text.
    package init(environment: [String: String], text: String, name: String = "configuration") {
        self.environment = environment
        let parsed = ConfigFile(name: name, text: text)
        file = parsed
        problems = parsed.problems
    }

    /// Every key read so far, by name.
    package func report() -> [Entry] { declared.sorted { $0.key < $1.key } }

    /// Throws all that is wrong: unreadable files, wrong and missing values, unknown keys.
    package func finish() throws(ConfigurationError) {
        let all = problems + unknownEnvironment() + unknownInFile()
        guard all.isEmpty else { throw ConfigurationError(problems: all) }
    }

    /// Notes a wrong value of a key that was read: for rules over several keys.
    package func refuse(_ key: String, _ reason: String) {
        let entry = declared.first { $0.key == key }
        problems.append(.init(key: key, source: entry?.source, value: entry?.value, reason: reason))
    }

    // MARK: - For the typed readers

    /// How one kind of value is read and shown.
    struct Form<Value> {
        let kind: String
        let isSecret: Bool
        let parse: (String) -> Value?
        let show: (Value) -> String
    }

    /// Resolves one key. `fallback` nil means that it is required; `standIn` is then what a wrong reader returns.
    func resolve<Value>(
        _ key: String,
        alias: String?,
        form: Form<Value>,
        fallback: Value?,
        isOptional: Bool = false,
        doc: String
    ) -> Value? {
        let names = ["NEXORA_" + key.uppercased().replacing(".", with: "_")] + (alias.map { [$0] } ?? [])
        let defaultText = fallback.map { form.show($0) } ?? (isOptional ? "none" : "required")
        var entry = Entry(
            key: key,
            kind: form.kind,
            defaultText: defaultText,
            documentation: doc,
            environmentNames: names,
            value: defaultText,
            source: "default"
        )
        precondition(
            declared.allSatisfy { $0.key != key && $0.environmentNames[0] != names[0] },
            "\(key) is read twice"
        )
        defer { declared.append(entry) }
        guard let (text, source) = find(key, names) else {
            if fallback == nil, !isOptional {
                let ways = names.joined(separator: " or ")
                problems.append(.init(key: key, source: nil, value: nil, reason: "missing; set \(ways) (\(form.kind))"))
            }
            return fallback
        }
        entry.source = source
        guard let value = form.parse(text) else {
            entry.value = form.isSecret ? "<redacted>" : text
            problems.append(
                .init(key: key, source: source, value: form.isSecret ? nil : text, reason: "allowed is \(form.kind)")
            )
            return fallback
        }
        entry.value = form.show(value)
        return value
    }

    private func find(_ key: String, _ names: [String]) -> (text: String, source: String)? {
        for name in names {
            if let text = environment[name], !text.isEmpty { return (text, "environment \(name)") }
        }
        guard let file, let entry = file.entries[key] else { return nil }
        return (entry.value, file.source(line: entry.line))
    }

    // MARK: - Unknown keys

    private func unknownEnvironment() -> [ConfigurationError.Problem] {
        let known = Set(declared.flatMap(\.environmentNames)).union(Self.foreign)
        let unknown = environment.keys.filter {
            $0.hasPrefix("NEXORA_") && !$0.hasPrefix(Self.testPrefix) && !known.contains($0)
        }
        return unknown.sorted().map { unknownKey($0, source: "environment", known: known) }
    }

    private func unknownInFile() -> [ConfigurationError.Problem] {
        guard let file else { return [] }
        let known = Set(declared.map(\.key))
        let unknown = file.entries.filter { !known.contains($0.key) }.sorted { $0.value.line < $1.value.line }
        return unknown.map { unknownKey($0.key, source: file.source(line: $0.value.line), known: known) }
    }

    private func unknownKey(_ name: String, source: String, known: Set<String>) -> ConfigurationError.Problem {
        let meant = NearestKey.of(name, among: known).map { "; did you mean \($0)?" } ?? ""
        return .init(key: name, source: source, value: nil, reason: "unknown key" + meant)
    }
}
