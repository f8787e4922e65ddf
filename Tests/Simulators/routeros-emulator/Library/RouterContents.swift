/// What the router holds, and what is said about it. One value, so that tests may look at it.
struct RouterContents: Sendable {
    typealias Thing = (id: Int, values: [String: String])

    private(set) var tables: [String: [Int: [String: String]]] = [:]
    private var nextID = 1
    let version: String

    init(version: String, sessions: [String]) {
        self.version = version
        _ = add(["=name=default"], to: "/ppp/profile")
        for name in sessions { dialIn(name) }
    }

    /// A subscriber is online.
    mutating func dialIn(_ name: String) {
        let id = nextID
        nextID += 1
        tables["/ppp/active", default: [:]][0x8000_0000 + id] = [
            "name": name, "service": "pppoe", "caller-id": "02:00:00:00:00:01", "address": "10.9.0.\(id % 250 + 1)",
            "uptime": "1h2m3s", "encoding": "", "session-id": "0x81500\(String(id, radix: 16))", "radius": "false",
        ]
    }

    /// The rows of a menu as `print` shows them, oldest first.
    func rows(_ menu: String) -> [[String: String]] {
        (tables[menu] ?? [:]).sorted { $0.key < $1.key }.map { id, values in
            values.merging([".id": Self.text(id)]) { $1 }
        }
    }

    /// Carries a sentence out: what is answered, without tags.
    mutating func answer(_ sentence: [String]) -> [[String]] {
        guard let path = sentence.first, let slash = path.lastIndex(of: "/") else {
            return Self.trap("no such command", 0)
        }
        let (menu, verb) = (String(path[..<slash]), String(path[path.index(after: slash)...]))
        if verb == "print", let row = system(menu) { return [["!re"] + row, ["!done"]] }
        if verb == "print", menu == "/system/health" { return health(sentence) }
        guard Menus.all[menu] != nil else { return Self.trap("no such command prefix", 0) }
        switch verb {
        case "print": return list(menu, sentence)
        case "add":
            return Menus.all[menu]?.canBeAdded == true ? add(sentence, to: menu) : Self.trap("no such command", 0)
        case "set": return set(sentence, menu)
        case "enable", "disable": return set(sentence + ["=disabled=\(verb == "disable" ? "yes" : "no")"], menu)
        case "remove": return remove(sentence, menu)
        default: return Self.trap("no such command", 0)
        }
    }

    static func trap(_ message: String, _ category: Int? = nil) -> [[String]] {
        [["!trap"] + (category.map { ["=category=\($0)"] } ?? []) + ["=message=\(message)"], ["!done"]]
    }

    /// The attributes of a sentence, the last of a name counting.
    static func values(_ sentence: [String]) -> [String: String] {
        var values: [String: String] = [:]
        for word in sentence.dropFirst() where word.hasPrefix("=") {
            let parts = word.dropFirst().split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
        }
        return values
    }

    // MARK: - Menus

    private func list(_ menu: String, _ sentence: [String]) -> [[String]] {
        let query = PrintQuery(sentence)
        let asked = Self.values(sentence)
        let found = rows(menu).filter { query.matches($0) }
        if asked["count-only"] != nil { return [["!done", "=ret=\(found.count)"]] }
        let wanted = asked[".proplist"].map { Set($0.split(separator: ",").map(String.init)) }
        let replies = found.map { row in
            ["!re"]
                + row.filter { wanted?.contains($0.key) ?? true }.sorted { $0.key < $1.key }.map {
                    "=\($0.key)=\($0.value)"
                }
        }
        return (replies.isEmpty && isSeven(18) ? [["!empty"]] : replies) + [["!done"]]
    }

    private mutating func add(_ sentence: [String], to menu: String) -> [[String]] {
        guard let rules = Menus.all[menu] else { return Self.trap("no such command prefix", 0) }
        let given = Self.values(sentence.first?.hasPrefix("/") == true ? sentence : [menu] + sentence)
        if let missing = rules.required.first(where: { given[$0] == nil }) {
            return Self.trap("missing value(s) of argument(s) \(missing)")
        }
        var values = rules.defaults
        if let refusal = take(given, into: &values, menu) { return refusal }
        if menu == "/queue/simple", values["name"] == nil { values["name"] = "queue\(nextID)" }
        let isTaken = rows(menu).contains { row in
            !rules.unique.isEmpty && rules.unique.allSatisfy { row[$0] == values[$0] }
        }
        if isTaken { return Self.trap(rules.duplicate) }
        let id = nextID
        nextID += 1
        tables[menu, default: [:]][id] = values
        return [["!done", "=ret=\(Self.text(id))"]]
    }

    private mutating func set(_ sentence: [String], _ menu: String) -> [[String]] {
        guard let ids = ids(sentence, menu) else { return Self.trap("no such item") }
        var given = Self.values(sentence)
        given[".id"] = nil
        given["numbers"] = nil
        for id in ids {
            var values = tables[menu]?[id] ?? [:]
            if let refusal = take(given, into: &values, menu) { return refusal }
            tables[menu]?[id] = values
        }
        return [["!done"]]
    }

    private mutating func remove(_ sentence: [String], _ menu: String) -> [[String]] {
        guard let ids = ids(sentence, menu) else { return Self.trap("no such item") }
        if menu == "/ppp/profile", ids.contains(where: { tables[menu]?[$0]?["name"] == "default" }) {
            return Self.trap("failure: can not remove default profile")
        }
        for id in ids { tables[menu]?[id] = nil }
        return [["!done"]]
    }

    /// Nil where one of them is not there, or none is named.
    private func ids(_ sentence: [String], _ menu: String) -> [Int]? {
        let values = Self.values(sentence)
        guard let text = values[".id"] ?? values["numbers"], !text.isEmpty else { return nil }
        let ids = text.split(separator: ",").map { part -> Int? in
            part.hasPrefix("*")
                ? Int(part.dropFirst(), radix: 16) : tables[menu]?.first { $0.value["name"] == String(part) }?.key
        }
        return ids.allSatisfy { $0.map { tables[menu]?[$0] != nil } ?? false } ? ids.compactMap { $0 } : nil
    }

    private func take(_ given: [String: String], into values: inout [String: String], _ menu: String) -> [[String]]? {
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            guard Menus.all[menu]?.known.contains(name) == true else { return Self.trap("unknown parameter \(name)") }
            guard let shown = Menus.shown(value, name) else {
                return Self.trap("invalid value for argument \(name)", 1)
            }
            if name == "profile", !rows("/ppp/profile").contains(where: { $0["name"] == value }) {
                return Self.trap("input does not match any value of profile")
            }
            if name == "parent", value != "none", !rows(menu).contains(where: { $0["name"] == value }) {
                return Self.trap("input does not match any value of parent")
            }
            values[name] = shown
        }
        return nil
    }

    private static func text(_ id: Int) -> String { "*" + String(id, radix: 16, uppercase: true) }

    // MARK: - The system

    private func isSeven(_ minor: Int) -> Bool {
        let parts = version.split(separator: ".").compactMap { Int($0.prefix { $0.isNumber }) }
        return parts.count > 1 && parts[0] >= 7 && (parts[0], parts[1]) >= (7, minor)
    }

    private func system(_ menu: String) -> [String]? {
        switch menu {
        case "/system/identity": ["=name=emulated"]
        case "/system/resource":
            [
                "=uptime=1w2d3h4m5s", "=version=\(version) (stable)", "=cpu-load=7", "=free-memory=20185088",
                "=total-memory=67108864", "=architecture-name=mipsbe", "=board-name=emulated", "=platform=MikroTik",
            ]
        default: nil
        }
    }

    private func health(_ sentence: [String]) -> [[String]] {
        guard isSeven(0) else { return [["!re", "=voltage=24.1", "=temperature=31"], ["!done"]] }
        return [
            ["!re", "=.id=*D", "=name=voltage", "=value=24.1", "=type=V"],
            ["!re", "=.id=*E", "=name=temperature", "=value=31", "=type=C"], ["!done"],
        ]
    }
}
