import Concurrency
import Domain
import Events
import Persistence
import WireFormat

/// Asks a running radius-server about logins.
struct ExplainAsker: Sendable {
    private static let limit = Duration.seconds(8)
    private static let tries = 5

    let events: any EventStreams
    let tenant: TenantID
    var change: ProposedChange?

    /// One login explained, and which server says so.
    func explain(_ login: LoginQuestion) async throws -> (server: String, explanation: LoginExplanation) {
        let answer = try await ask(ExplainQuery(.explain, tenantID: tenant, logins: [login], change: change))
        guard case .explanation(let explanation) = answer.content else { throw Self.unexpected(answer.server) }
        return (answer.server, explanation)
    }

    /// What each of at most ``ExplainQuery/mostLogins`` logins would get, without the change and with it.
    func replay(_ logins: [LoginQuestion]) async throws -> ReplayVerdicts {
        guard !logins.isEmpty else { return ReplayVerdicts() }
        let answer = try await ask(ExplainQuery(.replay, tenantID: tenant, logins: logins, change: change))
        guard case .verdicts(let verdicts) = answer.content, verdicts.verdicts.count == logins.count else {
            throw Self.unexpected(answer.server)
        }
        return verdicts
    }

    /// Fails where the change means nothing, before anything is read.
    func checkChange() async throws {
        _ = try await replay([LoginQuestion(username: "", nas: NASID(.zero).description)])
    }

    // MARK: - Private

    private static func unexpected(_ server: String) -> CommandFailure {
        CommandFailure(.failed, "the answer of \(server) cannot be read: is it of another release?")
    }

    private func ask(_ query: ExplainQuery) async throws -> ExplainAnswer {
        for turn in 1... {
            let octets = try await events.ask(subject: ExplainQuery.subject, payload: query.json, within: Self.limit)
            let answer: ExplainAnswer
            do throws(JSONError) {
                answer = try ExplainAnswer(json: octets)
            } catch {
                throw CommandFailure(.failed, "the answer of a radius-server cannot be read: \(error)")
            }
            guard case .refusal(let refusal) = answer.content else { return answer }
            switch refusal.code {
            case .notFound: throw CommandFailure(.notFound, refusal.message)
            case .invalid: throw CommandFailure(.usage, refusal.message)
            case .notReady: throw CommandFailure(.unavailable, "\(answer.server): \(refusal.message)")
            case .busy:
                guard turn < Self.tries else {
                    throw CommandFailure(.unavailable, "\(answer.server): \(refusal.message)")
                }
                try await pause(for: .milliseconds(200))
            }
        }
        throw Self.unexpected("a server")
    }
}

extension CommandContext {
    /// Runs the body with the event streams, once they are connected.
    func withConnectedEvents<Success>(_ body: (any EventStreams) async throws -> Success) async throws -> Success {
        try await withEvents { events in
            guard await events.connected(within: .seconds(5)) else {
                throw CommandFailure(.unavailable, "NATS cannot be reached")
            }
            return try await body(events)
        }
    }

    /// The tenant that `--tenant` names. An id needs no database.
    func explainedTenant(_ invocation: Invocation) async throws -> TenantID {
        let reference = try invocation.required("tenant")
        if let id = TenantID(reference) { return id }
        return try await withDatabase { database in
            try await inWholeDirectory(database) { try await $0.tenant(reference).id }
        }
    }

    /// What people call the tenant's plans; empty where the database cannot be reached: ids are shown then.
    func planNames(of tenant: TenantID) async -> [UUID128: String] {
        let names = try? await withDatabase { database in
            try await inWholeDirectory(database) { try await $0.plans.names(of: tenant) }
        }
        return Dictionary((names ?? [:]).map { ($1.value, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
