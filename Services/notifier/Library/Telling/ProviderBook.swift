import Carriers
import Concurrency
import Domain
import HTTPClient
import Mail
import Notices
import Persistence
import Synchronization

/// Makes what speaks to a provider of its row and opened secrets; nil for a kind that this version does not know.
protocol NoticeProviderMaking: Sendable {
    func provider(
        of row: NoticeProviderRow,
        secrets: [String: String]
    ) throws(ProviderSettingsError) -> (any NoticeProvider)?
}

/// The kinds that there are. What tenants set up is reached at addresses of the public Internet alone, what the operator did anywhere.
struct ProviderFactory: NoticeProviderMaking {
    let mail: MailClient
    /// Two clients: what one of them has connected to for the operator must serve nobody else.
    let guarded: HTTPClient
    let open: HTTPClient
    let time: TimeSource

    func provider(
        of row: NoticeProviderRow,
        secrets: [String: String]
    ) throws(ProviderSettingsError) -> (any NoticeProvider)? {
        switch (row.channel, row.kind) {
        case ("email", "smtp"):
            try SMTPProvider(
                settings: row.settings,
                secrets: secrets,
                mayBeAnywhere: row.isOperators,
                client: mail,
                now: { [time] in time.now() }
            )
        default:
            if let known = CarrierKind(rawValue: row.kind), known.channel.rawValue == row.channel {
                try CarrierProvider(
                    known,
                    settings: row.settings,
                    secrets: secrets,
                    client: row.isOperators ? open : guarded,
                    now: { [time] in time.now() }
                )
            } else {
                nil
            }
        }
    }
}

/// The accounts that this process speaks to, each with its breaker: one that is away three times in a row is left alone for a while.
final class ProviderBook: Sendable {
    /// Why an account cannot be spoken to.
    enum Trouble: Error, Hashable {
        case unknownKind
        /// The keyring does not open its secrets.
        case sealed
        case settings
    }

    private struct Entry {
        var version: Int64
        var provider: Result<any NoticeProvider, Trouble>
        var breaker: CircuitBreaker
    }

    private let maker: any NoticeProviderMaking
    private let open: @Sendable (NoticeProviderRow) throws -> [String: String]
    private let monotonic: @Sendable () -> UInt64
    private let entries = Mutex<[NoticeProviderID: Entry]>([:])

    init(
        maker: any NoticeProviderMaking,
        open: @escaping @Sendable (NoticeProviderRow) throws -> [String: String],
        monotonic: @escaping @Sendable () -> UInt64
    ) {
        self.maker = maker
        self.open = open
        self.monotonic = monotonic
    }

    /// The account as its row says. Settings that changed begin with a closed breaker; an older row never takes a newer one's place.
    func provider(of row: NoticeProviderRow) throws(Trouble) -> any NoticeProvider {
        let known = entries.withLock { entries in
            entries[row.id].flatMap { $0.version >= row.version ? $0.provider : nil }
        }
        if let known { return try known.get() }
        let made = make(row)
        entries.withLock { entries in
            guard (entries[row.id]?.version ?? .min) < row.version else { return }
            entries[row.id] = Entry(version: row.version, provider: made, breaker: CircuitBreaker())
        }
        return try made.get()
    }

    /// Whether it is asked now; one that is let through behind an outage decides whether others are.
    func admits(_ id: NoticeProviderID) -> CircuitBreaker.Admission {
        let now = monotonic()
        return entries.withLock { $0[id]?.breaker.admit(now: now) ?? .go }
    }

    /// What it said. True when that leaves it alone from now on.
    func answered(_ outcome: SendOutcome, by id: NoticeProviderID, wasProbe: Bool) -> Bool {
        let now = monotonic()
        return entries.withLock { entries in
            if case .outage = outcome {
                return entries[id]?.breaker.timedOut(now: now, wasProbe: wasProbe) ?? false
            }
            entries[id]?.breaker.answered()
            return false
        }
    }

    /// How many are left alone now.
    func openBreakers() -> Int {
        let now = monotonic()
        return entries.withLock { entries in entries.values.count { $0.breaker.state(now: now) == .open } }
    }

    private func make(_ row: NoticeProviderRow) -> Result<any NoticeProvider, Trouble> {
        let secrets: [String: String]
        do {
            secrets = try open(row)
        } catch {
            return .failure(.sealed)
        }
        do throws(ProviderSettingsError) {
            let made = try maker.provider(of: row, secrets: secrets)
            return made.map { .success($0) } ?? .failure(.unknownKind)
        } catch {
            return .failure(.settings)
        }
    }
}
