import Domain
import Notices
import Persistence
import Synchronization

@testable import Notifier

/// A queue in memory: what is claimed from it once, and what was recorded of it.
final class MemoryQueue: NoticeQueueing {
    struct State: Sendable {
        var due: [ClaimedNotice] = []
        var records: [NoticeRecord] = []
        /// Records that fail before one is stored.
        var outages = 0
        /// Claims that succeed before the database is away.
        var claims = Int.max
    }

    let state: Mutex<State>

    init(_ due: [ClaimedNotice]) {
        var begin = State()
        begin.due = due
        state = Mutex(begin)
    }

    var records: [NoticeRecord] { state.withLock(\.records) }

    func claim(_ share: NoticeShare, at now: Timestamp, until: Timestamp) throws(StorageFault) -> [ClaimedNotice] {
        try state.withLock { state throws(StorageFault) in
            guard state.claims > 0 else { throw .outage("away") }
            state.claims -= 1
            let taken = Array(state.due.prefix(share.limits[0]))
            state.due.removeFirst(taken.count)
            return taken
        }
    }

    func record(_ records: [NoticeRecord], at now: Timestamp) throws(StorageFault) -> Set<NoticeID> {
        try state.withLock { state throws(StorageFault) in
            guard state.outages == 0 else {
                state.outages -= 1
                throw .outage("away")
            }
            state.records += records
            return Set(records.map(\.notice.id))
        }
    }

    func lapse(at now: Timestamp, limit: Int) -> Int { 0 }
    func expire(at now: Timestamp, limit: Int) -> Int { 0 }
    func prune(before time: Timestamp, limit: Int) -> Int { 0 }
    func depth() -> [Int: Int] { [:] }
}

/// What stands behind notices, and who carries them, as a test says.
struct MemorySources: NoticeReading, NoticeInquiring {
    var background: NoticeBackground? = NoticeBackground(
        tenantName: "Bluewave",
        settings: TenantSettings(),
        recipientName: "Ada",
        timeZone: nil
    )
    var words: [NoticeWords] = []
    var link: NoticeLink?
    var code: NoticeCode?
    var devices: [PushTarget] = []
    let forgotten = Forgotten()
    var verdict = NoticeVerdict.holds
    /// Digests of addresses that are not written to.
    var suppressed: Set<[UInt8]> = []
    var providers: [NoticeProviderRow] = []
    /// The database is away.
    var fault: StorageFault?

    func standings(of questions: [NoticeQuestion]) throws(StorageFault) -> [NoticeStanding] {
        try questions.map { question throws(StorageFault) in try standing(question) }
    }

    func standing(_ question: NoticeQuestion) throws(StorageFault) -> NoticeStanding {
        if let fault { throw fault }
        return NoticeStanding(
            background: background,
            isSuppressed: question.address.map { suppressed.contains($0.digest) } ?? false,
            words: words,
            providers: providers
        )
    }

    func link(_ id: OneTimeLinkID, in tenant: TenantID) -> NoticeLink? { link }
    func code(_ id: LoginCodeID, in tenant: TenantID) -> NoticeCode? { code }
    func devices(of notice: ClaimedNotice, limit: Int) -> [PushTarget] { Array(devices.prefix(limit)) }
    func forget(_ devices: [PushTokenID], in tenant: TenantID) { forgotten.add(devices) }
    func verdict(
        on subject: NoticeSubject,
        in tenant: TenantID,
        recipient: UUID128,
        at now: Timestamp
    ) -> NoticeVerdict { verdict }
}

/// Devices that are no more.
final class Forgotten: Sendable {
    private let ids = Mutex<[PushTokenID]>([])

    var all: [PushTokenID] { ids.withLock { $0 } }

    func add(_ more: [PushTokenID]) { ids.withLock { $0 += more } }
}

/// Answers as a test says, and keeps what it was handed.
final class ScriptedProvider: NoticeProvider {
    private let answers: Mutex<[SendOutcome]>
    private let taken = Mutex<[OutgoingMessage]>([])

    /// The last answer is given again and again.
    init(_ answers: [SendOutcome]) { self.answers = Mutex(answers) }

    var messages: [OutgoingMessage] { taken.withLock { $0 } }

    func send(_ message: OutgoingMessage, within limit: Duration) -> SendOutcome {
        taken.withLock { $0.append(message) }
        return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }

    func close() {}
}

/// Providers by what their settings name them.
struct ScriptedProviders: NoticeProviderMaking {
    let providers: [String: ScriptedProvider]

    func provider(of row: NoticeProviderRow, secrets: [String: String]) -> (any NoticeProvider)? {
        providers[row.settings["name"] ?? ""]
    }
}
