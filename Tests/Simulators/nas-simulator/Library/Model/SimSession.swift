/// What happens to one packet on its way, beyond what the server does. Decided with the seed, so that a day is replayed
/// with its misfortunes.
package struct Misfortune: Sendable, Equatable {
    /// How often the first transmission is sent at once; 2 is a duplicate in the network.
    package var copies = 1
    /// Transmissions, from the first, that never arrive.
    package var lostRequests = 0
    /// True answers, from the first, that never come back.
    package var lostAnswers = 0
    /// Real milliseconds for which it is held back, so that others overtake it.
    package var heldBack = 0
    /// Real milliseconds after its answer at which it is sent again as a new packet; nil for never.
    package var repeatsAfter: Int?

    package init() {}

    init(_ scenario: Scenario, _ chance: inout Chance, isAccounting: Bool = true) {
        if chance.happens(scenario.duplicates) { copies = 2 }
        if chance.happens(scenario.lostPackets) { lostRequests = chance.within(1...2) }
        if chance.happens(scenario.lostPackets) { lostAnswers = chance.within(1...2) }
        guard isAccounting else { return }
        if chance.happens(scenario.heldBack) { heldBack = chance.within(100...4000) }
        if chance.happens(scenario.repeats) { repeatsAfter = chance.within(0...3000) }
    }

    var text: String {
        "\(copies)/\(lostRequests)/\(lostAnswers)/\(heldBack)/\(repeatsAfter.map { String($0) } ?? "-")"
    }
}

/// One report of a session, as the NAS took it down.
package struct SimRecord: Sendable, Equatable {
    package enum Kind: UInt32, Sendable {
        // The numbers of Acct-Status-Type (RFC 2866 §5.1).
        case start = 1
        case stop = 2
        case interim = 3
    }

    package let kind: Kind
    /// Seconds of the day at which it was taken down.
    package let at: Int
    /// Acct-Session-Time by the NAS's own clock.
    package let age: Int
    /// Octets from and to the subscriber since the session began: the truth.
    package let input: Int64
    package let output: Int64
    /// What the NAS's counters hold: the truth less what they held when they were reset. Never negative.
    package var countedInput: Int64
    package var countedOutput: Int64
    package var countedInputPackets: UInt32
    package var countedOutputPackets: UInt32
    /// It never leaves the NAS.
    package var isLost: Bool
    /// It waits until all before it have been settled for a while: the counters begin again with it.
    package var waitsForOthers = false
    package var misfortune: Misfortune
}

/// One session as it really was.
package struct SimSession: Sendable {
    /// How it ended.
    package enum Ending: Sendable, Equatable {
        /// Its NAS said so, with this Acct-Terminate-Cause (RFC 2866 §5.10); the Stop may still have been lost.
        case stop(cause: UInt32)
        /// With its NAS, which said nothing.
        case crash
        /// It is on when the day ends.
        case stillOn
    }

    /// Its place in the script.
    package let number: Int
    package let subscriber: Int
    package let nas: Int
    /// Seconds of the day.
    package let start: Int
    /// Seconds of the day; the day's end where it is still on.
    package var end: Int
    package var ending: Ending
    /// Acct-Session-Id.
    package var id = ""
    package var port: UInt32 = 0
    /// Framed-IP-Address, host order.
    package var address: UInt32 = 0
    package var records: [SimRecord] = []
    /// Its reports are sent one after another, each once the one before is answered.
    package var isOrderly = false

    /// The newest report that left the NAS: what the books can know.
    package var lastReport: SimRecord? { records.last { !$0.isLost } }

    /// Its Stop, where it left the NAS.
    package var stop: SimRecord? { records.last.flatMap { $0.kind == .stop && !$0.isLost ? $0 : nil } }
}

/// One attempt of a subscriber to log in.
package struct SimLogin: Sendable {
    package enum Outcome: String, Sendable {
        case accept
        case wrongPassword
        case unknownUser
        case suspended
    }

    package let subscriber: Int
    package let nas: Int
    /// The session that begins with it, where it is accepted.
    package let session: Int?
    /// Seconds of the day.
    package let at: Int
    package let outcome: Outcome
    package let misfortune: Misfortune
}

/// An Accounting-On or Accounting-Off (RFC 2866 §5.1): whatever ran on the NAS is over.
package struct SimBoot: Sendable {
    package let nas: Int
    /// Seconds of the day.
    package let at: Int
    /// True for Accounting-On.
    package let isOn: Bool
    package let misfortune: Misfortune
}
