/// Truth against books, to the octet. Pure.
package enum Comparison {
    /// One thing that is not as it was.
    package struct Discrepancy: Sendable, Equatable {
        /// Numbers of the sessions concerned.
        package let sessions: [Int]
        package let text: String

        package init(sessions: [Int] = [], _ text: String) {
            self.sessions = sessions
            self.text = text
        }
    }

    /// The real time of the run, microseconds since 1970: usage is booked on the UTC day on which a record was received.
    package struct Span: Sendable {
        package let began: Int64
        package let ended: Int64

        package init(began: Int64, ended: Int64) {
            self.began = began
            self.ended = ended
        }

        /// Days since 1970.
        var days: ClosedRange<Int64> { began / 86_400_000_000...max(began, ended) / 86_400_000_000 }
    }

    /// All discrepancies, those of sessions first.
    package static func differences(_ expected: ExpectedBooks, _ found: FoundBooks, _ span: Span) -> [Discrepancy] {
        var wrong = sessions(expected, found) + usage(expected, found, span)
        if found.pending > 0 {
            wrong.append(Discrepancy("\(found.pending) commits of usage are not in usage_daily yet"))
        }
        if found.deadLetters > 0 { wrong.append(Discrepancy("\(found.deadLetters) dead letters")) }
        return wrong
    }

    // MARK: - Sessions

    private static func sessions(_ expected: ExpectedBooks, _ found: FoundBooks) -> [Discrepancy] {
        let truth = Dictionary(grouping: expected.sessions, by: \.key)
        let rows = Dictionary(grouping: found.rows, by: \.key)
        var wrong: [Discrepancy] = []
        for key in Set(truth.keys).union(rows.keys).sorted() {
            let sessions = (truth[key] ?? []).sorted { ($0.start, $0.number) < ($1.start, $1.number) }
            let stored = (rows[key] ?? []).sorted { $0.start < $1.start }
            guard sessions.count == stored.count else {
                wrong.append(
                    Discrepancy(
                        sessions: sessions.map(\.number),
                        "\(key): \(sessions.count) sessions (\(sessions.map { brief($0) }.joined(separator: "; "))), "
                            + "\(stored.count) rows (\(stored.map(brief).joined(separator: "; ")))"
                    )
                )
                continue
            }
            if stored.count(where: { $0.closedBy == nil }) > 1 {
                wrong.append(Discrepancy(sessions: sessions.map(\.number), "\(key): more than one row is open"))
            }
            for (session, row) in zip(sessions, stored) {
                for text in differences(session, row) {
                    wrong.append(Discrepancy(sessions: [session.number], "\(key): \(text)"))
                }
            }
        }
        return wrong
    }

    private static func brief(_ session: ExpectedBooks.Session) -> String {
        "session \(session.number) at \(session.start), octets \(session.input)/\(session.output), \(session.standing)"
    }

    private static func brief(_ row: FoundBooks.Row) -> String {
        "at \(row.start), octets \(row.input)/\(row.output), \(row.closedBy ?? "open")"
    }

    private static func differences(_ session: ExpectedBooks.Session, _ row: FoundBooks.Row) -> [String] {
        var wrong: [String] = []
        if (row.input, row.output) != (session.input, session.output) {
            wrong.append(
                "octets \(row.input)/\(row.output) instead of \(session.input)/\(session.output), "
                    + "that is \(row.input - session.input)/\(row.output - session.output) too many"
            )
        }
        if let text = off(row.start, session.start, session.tolerance) { wrong.append("its start is \(text)") }
        if row.service != session.key.username { wrong.append("its service is \(row.service ?? "unknown")") }
        switch (session.standing, row.closedBy) {
        case (.stopped(let at, let cause), "stop"):
            if row.cause != cause.map(Int64.init) {
                wrong.append(
                    "Acct-Terminate-Cause \(row.cause.map { String($0) } ?? "none") instead of \(session.standing)"
                )
            }
            if let text = row.end.flatMap({ off($0, at, session.tolerance) }) { wrong.append("its end is \(text)") }
        case (.booted(let at), "nas_reboot"):
            let offsets = at.map { instant in row.end.flatMap { off($0, instant, session.tolerance) } }
            if let text = offsets.allSatisfy({ $0 != nil }) ? offsets[0] : nil { wrong.append("its end is \(text)") }
        case (.booted, "replaced"), (.booted, "reaper"), (.replaced, "replaced"), (.replaced, "reaper"),
            (.open, "reaper"), (.open, nil):
            break
        default: wrong.append("it is \(row.closedBy ?? "open") instead of \(session.standing)")
        }
        return wrong
    }

    /// In words, how far an instant is off if it is too far.
    private static func off(_ found: Int64, _ wanted: Int64, _ tolerance: Int64) -> String? {
        let distance = found - wanted
        guard distance.magnitude > tolerance.magnitude else { return nil }
        return "\(Double(distance / 1000) / 1000) s off"
    }

    // MARK: - Usage

    private static func usage(_ expected: ExpectedBooks, _ found: FoundBooks, _ span: Span) -> [Discrepancy] {
        var wrong: [Discrepancy] = []
        var sums: [String: ExpectedBooks.Usage] = [:]
        for day in found.days {
            sums[day.username, default: .init()].input += day.usage.input
            sums[day.username, default: .init()].output += day.usage.output
            sums[day.username, default: .init()].sessions += day.usage.sessions
            if !span.days.contains(day.day) {
                wrong.append(Discrepancy("\(day.username): usage on day \(day.day), on which nothing was received"))
            }
        }
        // A run within one UTC day has one row for each service, so sums are that day's.
        for username in Set(sums.keys).union(expected.usage.keys).sorted() {
            let (stored, truth) = (sums[username] ?? .init(), expected.usage[username] ?? .init())
            guard stored != truth else { continue }
            let sessions = expected.sessions.filter { $0.key.username == username }.map(\.number)
            wrong.append(
                Discrepancy(
                    sessions: sessions,
                    "\(username): usage \(stored.input)/\(stored.output) of \(stored.sessions) sessions instead of "
                        + "\(truth.input)/\(truth.output) of \(truth.sessions)"
                )
            )
        }
        return wrong
    }
}
