/// Who sends what next: so many lanes, at most so many of them for one server, and each server in its turn. A server that answers slowly
/// holds its own share of the lanes and no more. A lane keeps its connections, so that it is given the same server again where it can be.
struct MailLanes {
    struct Assignment: Hashable {
        let lane: Int
        let id: UInt64
    }

    private struct Lane {
        var server: MailServer?
        var isBusy = false
    }

    private struct Line {
        var waiting: [UInt64] = []
        var underWay = 0
    }

    private var lanes: [Lane]
    private var lines: [MailServer: Line] = [:]
    /// Servers that something waits for; the one that was served last is the last.
    private var turns: [MailServer] = []
    private let perServer: Int

    init(lanes count: Int, perServer: Int) {
        precondition(count > 0 && perServer > 0, "mail without lanes")
        lanes = Array(repeating: Lane(), count: count)
        self.perServer = perServer
    }

    mutating func add(_ id: UInt64, _ server: MailServer) {
        if lines[server, default: Line()].waiting.isEmpty { turns.append(server) }
        lines[server, default: Line()].waiting.append(id)
    }

    /// Takes back what has not begun; false where it has.
    mutating func remove(_ id: UInt64, _ server: MailServer) -> Bool {
        guard let index = lines[server]?.waiting.firstIndex(of: id) else { return false }
        lines[server]?.waiting.remove(at: index)
        tidy(server)
        return true
    }

    /// The lane has ended what it was given.
    mutating func release(_ lane: Int) {
        guard lanes[lane].isBusy, let server = lanes[lane].server else { return }
        lanes[lane].isBusy = false
        lines[server]?.underWay -= 1
        tidy(server)
    }

    /// What begins now.
    mutating func assign() -> [Assignment] {
        var assigned: [Assignment] = []
        while let turn = turns.firstIndex(where: { (lines[$0]?.underWay ?? 0) < perServer }) {
            let server = turns[turn]
            guard let lane = idle(server), let id = lines[server]?.waiting.removeFirst() else { break }
            lanes[lane] = Lane(server: server, isBusy: true)
            lines[server]?.underWay += 1
            turns.remove(at: turn)
            if lines[server]?.waiting.isEmpty == false { turns.append(server) }
            assigned.append(Assignment(lane: lane, id: id))
        }
        return assigned
    }

    private func idle(_ server: MailServer) -> Int? {
        lanes.firstIndex { !$0.isBusy && $0.server == server }
            ?? lanes.firstIndex { !$0.isBusy && $0.server == nil }
            ?? lanes.firstIndex { !$0.isBusy }
    }

    private mutating func tidy(_ server: MailServer) {
        guard let line = lines[server], line.waiting.isEmpty else { return }
        turns.removeAll { $0 == server }
        if line.underWay == 0 { lines[server] = nil }
    }
}
