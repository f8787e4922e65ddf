/// What became of a thing that was to be as somebody wanted it.
package enum RouterChange: String, Hashable, Sendable {
    case created
    case updated
    /// It was so already.
    case unchanged
}

/// The things of one menu of a router, each known by some of its attributes. What is here may be done twice: the second time changes
/// nothing. Between looking and doing somebody else may have been faster; then it looks again.
struct Menu: Sendable {
    typealias Key = [(name: String, value: String)]

    private static let attempts = 3
    private let path: String
    private let runner: any CommandRunner

    init(_ path: String, _ runner: any CommandRunner) {
        self.path = path
        self.runner = runner
    }

    /// Those for which all of the key holds.
    func find(_ key: Key, listing names: [String] = []) async throws(RouterOSError) -> [RouterRow] {
        let print = RouterCommand(path + "/print").matching(key.map { .equals($0.name, $0.value) })
        return try await runner.run(names.isEmpty ? print : print.listing([".id"] + names)).rows
    }

    /// Makes it, or makes it so: what `attributes` does not name stays as it is.
    func put(_ key: Key, _ attributes: [RouterCommand.Argument]) async throws(RouterOSError) -> RouterChange {
        let wanted = key.map { RouterCommand.Argument(name: $0.name, value: $0.value, isSecret: false) } + attributes
        var left = Self.attempts
        while true {
            left -= 1
            do throws(RouterOSError) {
                let found = try await find(key, listing: wanted.map(\.name))
                guard !found.isEmpty else {
                    _ = try await runner.run(RouterCommand(path + "/add").with(wanted))
                    return .created
                }
                let others = found.filter { row in !attributes.allSatisfy { Self.holds($0, in: row) } }
                guard !others.isEmpty else { return .unchanged }
                _ = try await runner.run(command("set", others).with(attributes))
                return .updated
            } catch {
                // It came, or went, since it was looked for.
                guard left > 0, error.code == .alreadyExists || error.code == .noSuchItem else { throw error }
            }
        }
    }

    /// Whether there was one. It need not be there.
    func remove(_ key: Key) async throws(RouterOSError) -> Bool { try await apply("remove", key) }

    /// Whether there is one.
    func enable(_ key: Key) async throws(RouterOSError) -> Bool { try await apply("enable", key) }

    /// Whether there is one.
    func disable(_ key: Key) async throws(RouterOSError) -> Bool { try await apply("disable", key) }

    // MARK: - Private

    private func apply(_ verb: String, _ key: Key) async throws(RouterOSError) -> Bool {
        var left = Self.attempts
        while true {
            left -= 1
            let found = try await find(key, listing: [".id"])
            guard !found.isEmpty else { return false }
            do throws(RouterOSError) {
                _ = try await runner.run(command(verb, found))
                return true
            } catch {
                // One of several that went leaves the rest undone.
                guard left > 0, error.code == .noSuchItem else { throw error }
            }
        }
    }

    private func command(_ verb: String, _ rows: [RouterRow]) -> RouterCommand {
        RouterCommand("\(path)/\(verb)").with(".id", rows.compactMap(\.id).joined(separator: ","))
    }

    /// A router says `true` where `yes` was said, and nothing where nothing was.
    private static func holds(_ wanted: RouterCommand.Argument, in row: RouterRow) -> Bool {
        let words = ["yes": "true", "no": "false"]
        let has = row[wanted.name] ?? ""
        return words[has, default: has] == words[wanted.value, default: wanted.value]
    }
}

/// Arguments as they are gathered: what is nil is not said.
struct Arguments {
    private(set) var list: [RouterCommand.Argument] = []

    mutating func add(_ name: String, _ value: String?, secret: Bool = false) {
        if let value { list.append(.init(name: name, value: value, isSecret: secret)) }
    }

    mutating func add(_ name: String, _ value: Bool?) { add(name, value.map { $0 ? "yes" : "no" }) }
}
