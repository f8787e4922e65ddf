import Admission
import Concurrency
import Domain
import Events
import RADIUS

/// Answers questions about logins from the very RAM and by the very code that answers NASes. Nothing is changed by asking.
final class ExplainDesk: Sendable {
    struct Settings: Sendable {
        /// This server's name.
        var server = "radius-1"
        var trial = LoginTrial.Settings()
    }

    /// Logins decided while the directory is held still at one go: the receivers' writers wait for as long.
    private static let chunk = 16

    private let settings: Settings
    private let store: DirectoryStore
    private let reader: AdmissionReader?
    private let anatomy: ReplyAnatomy
    private let time: TimeSource

    init(
        settings: Settings,
        store: DirectoryStore,
        reader: AdmissionReader?,
        dictionary: AttributeDictionary,
        time: TimeSource
    ) {
        self.settings = settings
        self.store = store
        self.reader = reader
        self.time = time
        anatomy = ReplyAnatomy(dictionary)
    }

    /// The answer to a question as it came.
    func answer(_ octets: [UInt8]) async -> [UInt8] {
        let content: ExplainAnswer.Content
        do {
            content = try await answer(try ExplainQuery(json: octets))
        } catch let refusal as QueryRefusal {
            content = .refusal(refusal)
        } catch {
            content = .refusal(QueryRefusal(.invalid, "the question cannot be read: \(error)"))
        }
        return ExplainAnswer(server: settings.server, content).json
    }

    func refusal(_ code: QueryRefusal.Code, _ message: String) -> [UInt8] {
        ExplainAnswer(server: settings.server, .refusal(QueryRefusal(code, message))).json
    }

    func answer(_ query: ExplainQuery) async throws -> ExplainAnswer.Content {
        guard store.isLoaded else { throw QueryRefusal(.notReady, "the directory is not loaded yet") }
        guard (1...ExplainQuery.mostLogins).contains(query.logins.count) else {
            throw QueryRefusal(.invalid, "a question has 1 to \(ExplainQuery.mostLogins) logins")
        }
        switch query.kind {
        case .explain: return .explanation(try await explain(query))
        case .replay: return .verdicts(try await replay(query))
        }
    }

    // MARK: - One login

    private func explain(_ query: ExplainQuery) async throws -> LoginExplanation {
        guard query.logins.count == 1 else { throw QueryRefusal(.invalid, "one login is explained at a time") }
        let question = query.logins[0]
        let trial = LoginTrial(settings: settings.trial)
        let now = time.now()
        let (outcome, assumption) = try store.read { directory in
            let tenant = try Self.tenant(query.tenantID, directory)
            let found = try NASChoice.find(question.nas, tenant: tenant, directory: directory)
            let view =
                try query.change.map { change throws(QueryRefusal) in
                    try ProposedDirectory.make(change, tenant: tenant, over: directory)
                } ?? directory
            return (
                try trial.decide(question, tenant: tenant, nas: found.nas, directory: view, now: now), found.assumption
            )
        }
        let opinion = await opinion([outcome])
        var told = LoginExplainer(outcome: outcome, opinion: opinion, anatomy: anatomy).explanation()
        if let assumption { told.notes.append(assumption) }
        return told
    }

    /// One look at Redis for what these ask it.
    private func opinion(_ outcomes: [TrialOutcome]) async -> AdmissionOpinion {
        let requests = outcomes.compactMap { $0.isBoundHere ? $0.request : nil }
        guard let reader, !requests.isEmpty else { return .notAsked }
        let pools = Set(outcomes.flatMap { $0.pools.compactMap { $0?.id } })
        do {
            return .known(
                try await reader.look(services: Array(Set(requests.map(\.service))), pools: Array(pools))
            )
        } catch {
            return .unknown("\(error)")
        }
    }

    private static func tenant(_ id: TenantID, _ directory: Directory) throws(QueryRefusal) -> UInt32 {
        guard let number = directory.tenantNumber(id.value) else {
            throw QueryRefusal(.notFound, "no tenant \(id) in the directory")
        }
        return number
    }

    // MARK: - Many

    /// What a login gets now and with the change; nil where its NAS is not there any more.
    private struct Pair {
        var now: TrialOutcome
        var changed: TrialOutcome?
    }

    private func replay(_ query: ExplainQuery) async throws -> ReplayVerdicts {
        let trial = LoginTrial(settings: settings.trial)
        var pairs: [Pair?] = []
        var start = 0
        while start < query.logins.count {
            let end = min(query.logins.count, start + Self.chunk)
            pairs += try decide(query.logins[start..<end], query, trial)
            start = end
        }
        let opinion = await opinion(pairs.flatMap { pair in [pair?.now, pair?.changed].compactMap { $0 } })
        var verdicts = ReplayVerdicts()
        var differences = DifferenceTally()
        for pair in pairs {
            guard let pair else {
                verdicts.verdicts.append(.init(now: "silence unknown_nas", changed: "silence unknown_nas"))
                continue
            }
            let before = pair.now.verdict(opinion)
            let after = pair.changed?.verdict(opinion) ?? before
            verdicts.verdicts.append(.init(now: before.words, changed: after.words))
            if case .accept = before, case .accept = after, let changed = pair.changed {
                differences.add(pair.now, changed, anatomy)
            }
        }
        verdicts.differences = differences.all
        if case .unknown(let why) = opinion {
            verdicts.notes.append("Redis does not answer (\(why)): session limits and addresses count as free")
        }
        return verdicts
    }

    private func decide(
        _ logins: ArraySlice<LoginQuestion>,
        _ query: ExplainQuery,
        _ trial: LoginTrial
    ) throws -> [Pair?] {
        let now = time.now()
        return try store.read { directory in
            let tenant = try Self.tenant(query.tenantID, directory)
            // Made anew each time: it holds only while the directory is held still.
            let proposed = try query.change.map { change throws(QueryRefusal) in
                try ProposedDirectory.make(change, tenant: tenant, over: directory)
            }
            var pairs: [Pair?] = []
            for login in logins {
                guard let nas = NASChoice.known(login.nas, tenant: tenant, directory: directory) else {
                    pairs.append(nil)
                    continue
                }
                var question = login
                // An accept says that the credential was right; nil would make keys, which differ each time.
                question.recorded = login.recorded ?? "accept"
                let first = try trial.decide(question, tenant: tenant, nas: nas, directory: directory, now: now)
                let second = try proposed.map { proposed throws(QueryRefusal) in
                    try trial.decide(question, tenant: tenant, nas: nas, directory: proposed, now: now)
                }
                pairs.append(Pair(now: first, changed: second))
            }
            return pairs
        }
    }
}

/// Collects what a change makes of accepted logins' answers, the same differences counted together.
private struct DifferenceTally {
    private static let most = 50
    private var counts: [String: ReplayVerdicts.Difference] = [:]

    var all: [ReplayVerdicts.Difference] { counts.values.sorted { ($1.logins, $0.vendor) < ($0.logins, $1.vendor) } }

    mutating func add(_ before: TrialOutcome, _ after: TrialOutcome, _ anatomy: ReplyAnatomy) {
        guard before.begun != after.begun || before.pools.map({ $0?.id }) != after.pools.map({ $0?.id }) else { return }
        let old = anatomy.lines(before) + pools(before)
        let new = anatomy.lines(after) + pools(after)
        let lines =
            old.filter { !new.contains($0) }.map { "- \($0)" } + new.filter { !old.contains($0) }.map { "+ \($0)" }
        guard !lines.isEmpty else { return }
        let vendor = before.nas.vendor.rawValue
        let key = vendor + lines.joined(separator: "\n")
        guard counts[key] != nil || counts.count < Self.most else { return }
        counts[key, default: .init(vendor: vendor, lines: lines, logins: 0)].logins += 1
    }

    private func pools(_ outcome: TrialOutcome) -> [String] {
        AddressPool.Use.allCases.compactMap { use in
            outcome.poolRows[Int(use.rawValue)].map { "pool \(use.name) = \($0.pool.name)" }
        }
    }
}
