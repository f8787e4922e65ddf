package import Domain

/// What a digest says of the alarms that it stands for: how many of which kind, from when to when, and the names that explain most.
package struct DigestFacts: Sendable, Hashable {
    /// One alarm, as far as a digest tells of it.
    package struct Alarm: Sendable, Hashable {
        package var kind: NoticeKind
        package var at: Timestamp
        /// Of what it is about; its kind stands for it where there is none.
        package var name: String?
        /// The device that it is about, and the one that this hangs on.
        package var device: UUID128?
        package var parent: UUID128?

        package init(
            _ kind: NoticeKind,
            at: Timestamp,
            name: String? = nil,
            device: UUID128? = nil,
            parent: UUID128? = nil
        ) {
            self.kind = kind
            self.at = at
            self.name = name
            self.device = device
            self.parent = parent
        }
    }

    package struct Tally: Sendable, Hashable {
        package var kind: NoticeKind
        package var count: Int

        package init(kind: NoticeKind, count: Int) {
            self.kind = kind
            self.count = count
        }
    }

    /// Something that alarms are about.
    package struct Subject: Sendable, Hashable {
        package var name: String
        /// How many others of the digest hang on it, directly or not: their alarms may be its doing.
        package var below: Int

        package init(name: String, below: Int) {
            self.name = name
            self.below = below
        }
    }

    /// The greatest name that stands in a digest, in characters.
    package static let greatestName = 100

    /// How many alarms it stands for.
    package let total: Int
    /// The most frequent first; together they are `total`.
    package let counts: [Tally]
    package let first: Timestamp
    package let last: Timestamp
    /// Roots before what hangs on them, those on which most hangs first, then in order of time. Each stands here once, however many
    /// alarms are about it.
    package let subjects: [Subject]
    /// How many more there are.
    package let more: Int

    /// Nil when there is nothing to tell; names at most `limit`, which is at least one. The order of the alarms makes no difference.
    package init?(_ alarms: some Collection<Alarm>, naming limit: Int = 5) {
        precondition(limit >= 1)
        guard let any = alarms.first else { return nil }
        var (first, last) = (any.at, any.at)
        var counts: [NoticeKind: Int] = [:]
        for alarm in alarms {
            counts[alarm.kind, default: 0] += 1
            first = min(first, alarm.at)
            last = max(last, alarm.at)
        }
        total = alarms.count
        self.counts = counts.map { Tally(kind: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.kind.rawValue) < ($0.count, $1.kind.rawValue) }
        self.first = first
        self.last = last
        let tree = DigestTree(alarms)
        subjects = Array(tree.subjects.prefix(limit))
        more = tree.count - subjects.count
    }

    /// As words are made with them: `count`, `since`, `until`, `items`, a line for each such as `olt-1 (+412)`, `more` where there are
    /// any, and of each kind that occurs `count_` and its name.
    package var values: [String: NoticeValue] {
        let items = subjects.map { $0.below == 0 ? $0.name : "\($0.name) (+\($0.below))" }
        var values: [String: NoticeValue] = [
            "count": .count(total), "since": .instant(first), "until": .instant(last),
            "items": .text(items.joined(separator: "\n")),
        ]
        if more > 0 { values["more"] = .count(more) }
        for tally in counts { values["count_\(tally.kind.rawValue)"] = .count(tally.count) }
        return values
    }
}

/// Which of a digest's subjects hang on which.
private struct DigestTree {
    private struct Node {
        var kind: NoticeKind
        var at: Timestamp
        var name: String?
        var id: UUID128?
        var parent: Int?
        var below = 0

        /// A name, or the kind's words.
        var title: String { name ?? kind.rawValue.split(separator: "_").joined(separator: " ") }
    }

    /// What is told apart: devices by their ids, everything else by its name or its kind.
    private enum Key: Hashable {
        case device(UUID128)
        case name(String)
        case kind(NoticeKind)

        init(_ alarm: DigestFacts.Alarm, _ name: String?) {
            self = alarm.device.map(Self.device) ?? name.map(Self.name) ?? .kind(alarm.kind)
        }
    }

    private var nodes: [Node] = []

    var count: Int { nodes.count }

    init(_ alarms: some Collection<DigestFacts.Alarm>) {
        var places: [Key: Int] = [:]
        var parents: [Int: (at: Timestamp, id: UUID128)] = [:]
        for alarm in alarms {
            let name = alarm.name.flatMap(Self.line)
            let key = Key(alarm, name)
            let place = places[key] ?? nodes.count
            if place == nodes.count { nodes.append(Node(kind: alarm.kind, at: alarm.at, id: alarm.device)) }
            places[key] = place
            // The earliest time, the smallest name, the youngest parent: the order of the alarms shall not matter.
            nodes[place].at = min(nodes[place].at, alarm.at)
            if alarm.kind.rawValue < nodes[place].kind.rawValue { nodes[place].kind = alarm.kind }
            if let name { nodes[place].name = nodes[place].name.map { min($0, name) } ?? name }
            if alarm.device != nil, let parent = alarm.parent, parents[place].map({ $0 < (alarm.at, parent) }) ?? true {
                parents[place] = (alarm.at, parent)
            }
        }
        for (place, parent) in parents { nodes[place].parent = places[.device(parent.id)] }
        countBelow()
    }

    /// From the leaves up, each node once. Devices that hang on each other in a ring have no root, so the ring is cut above the one
    /// whose alarm came first.
    private mutating func countBelow() {
        var children = [Int](repeating: 0, count: nodes.count)
        for node in nodes { if let parent = node.parent { children[parent] += 1 } }
        var leaves = nodes.indices.filter { children[$0] == 0 }
        var isCounted = [Bool](repeating: false, count: nodes.count)
        func climb(_ nodes: inout [Node]) {
            while let place = leaves.popLast() {
                isCounted[place] = true
                guard let parent = nodes[place].parent else { continue }
                nodes[parent].below += nodes[place].below + 1
                children[parent] -= 1
                if children[parent] == 0 { leaves.append(parent) }
            }
        }
        climb(&nodes)
        // What is left are the rings.
        for place in nodes.indices.filter({ !isCounted[$0] }).sorted(by: { Self.isEarlier(nodes[$0], nodes[$1]) }) {
            guard !isCounted[place], let parent = nodes[place].parent else { continue }
            nodes[place].parent = nil
            children[parent] -= 1
            if children[parent] == 0 { leaves.append(parent) }
            climb(&nodes)
        }
    }

    /// In the order in which they are told.
    var subjects: [DigestFacts.Subject] {
        nodes.sorted { left, right in
            if (left.parent == nil) != (right.parent == nil) { return left.parent == nil }
            return left.below == right.below ? Self.isEarlier(left, right) : left.below > right.below
        }
        .map { DigestFacts.Subject(name: $0.title, below: $0.below) }
    }

    private static func isEarlier(_ left: Node, _ right: Node) -> Bool {
        if left.at != right.at { return left.at < right.at }
        return (left.title, left.id ?? .zero) < (right.title, right.id ?? .zero)
    }

    /// A name as one line that is not too long; nil when nothing is left of it.
    private static func line(_ name: String) -> String? {
        let line = name.prefix(DigestFacts.greatestName).split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.isEmpty ? nil : line
    }
}
