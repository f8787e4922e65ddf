/// What was sent and answered, kept so that a discrepancy can be shown with its packets.
package struct PlayJournal: Sendable {
    package enum What: UInt8, Sendable {
        case sent
        case lostOnTheWay
        case sentTwice
        case answered
        case answerLost
        case sentAgain
    }

    /// One line about one report.
    package struct Note: Sendable {
        let session: Int32
        let index: Int32
        let milliseconds: UInt32
        let delay: UInt32
        let port: UInt16
        let identifier: UInt8
        let what: What
    }

    package internal(set) var notes: [Note] = []

    mutating func add(_ note: Note) { notes.append(note) }

    /// The packets of a session in the order of real time, a line each.
    package func history(of session: SimSession) -> [String] {
        var lines = session.records.filter(\.isLost).map { "never left the NAS: " + Self.describe($0) }
        for note in notes where note.session == Int32(session.number) {
            guard Int(note.index) < session.records.count else { continue }
            lines.append(
                "\(note.milliseconds) ms: \(note.what), port \(note.port), id \(note.identifier), delay \(note.delay) s: "
                    + Self.describe(session.records[Int(note.index)])
            )
        }
        return lines
    }

    private static func describe(_ record: SimRecord) -> String {
        "\(record.kind) at \(record.at) s, age \(record.age), counters \(record.countedInput)/\(record.countedOutput), "
            + "truth \(record.input)/\(record.output)"
    }
}

/// What a played day came to.
package struct PlayResult: Sendable {
    /// The sessions as they became: CoA and Disconnect included.
    package internal(set) var sessions: [SimSession] = []
    /// Accounting-Ons beyond those of the script: NASes that fell over when they were told something.
    package internal(set) var boots: [SimBoot] = []
    package internal(set) var journal = PlayJournal()
    /// What should have been answered and was not.
    package internal(set) var unanswered: [String] = []
    /// Answers that were wrong, the first thousand.
    package internal(set) var faults: [String] = []
    package internal(set) var faultCount = 0
    package internal(set) var counts = PlayCounts()
    /// Real time at which the first and the last packet were sent, microseconds since 1970.
    package internal(set) var began: Int64 = 0
    package internal(set) var ended: Int64 = 0
    /// The instant, in microseconds since 1970, that was second 0 of the day.
    package internal(set) var dayBegan: Int64 = 0

    mutating func fault(_ text: String) {
        faultCount += 1
        if faults.count < 1000 { faults.append(text) }
    }
}

/// How much was played.
package struct PlayCounts: Sendable, Equatable {
    package internal(set) var accepted = 0
    package internal(set) var rejected = 0
    package internal(set) var acknowledged = 0
    package internal(set) var transmissions = 0
    package internal(set) var retransmissions = 0
    package internal(set) var duplicates = 0
    package internal(set) var repeats = 0
    package internal(set) var lateAnswers = 0
    package internal(set) var forged = 0
    package internal(set) var controlRequests = 0
}
