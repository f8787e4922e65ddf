import Concurrency
import Domain
import Events

/// A decision as it was recorded.
struct RecordedDecision: Sendable, Equatable {
    let sequence: UInt64
    let id: EventID
    let time: Timestamp
    let decided: AccessDecided

    /// `accept`, `accept confined service_suspended`, `reject wrong_password`: as a verdict reads.
    var words: String {
        switch decided.outcome {
        case .accept: decided.reason.isEmpty ? "accept" : "accept confined \(decided.reason)"
        case .reject: "reject \(decided.reason)"
        case .challenge: "challenge"
        }
    }

    /// The login again: at the time it was recorded, or now.
    func question(at time: Timestamp?) -> LoginQuestion {
        LoginQuestion(
            username: decided.username,
            nas: decided.nasID.description,
            callingStationID: decided.callingStationID,
            nasPort: decided.nasPort,
            // How a request proves itself that nobody could read is not known; the record says what came of it.
            method: decided.method == "unsupported" ? "" : decided.method,
            at: time,
            recorded: decided.outcome == .reject ? decided.reason : "accept"
        )
    }
}

/// What was left out of the record in a span of time.
struct SkippedDecisions: Sendable, Equatable {
    var accepts: UInt64 = 0
    var rejects: UInt64 = 0
    var from: Timestamp?
    var through: Timestamp?

    mutating func add(_ skipped: DecisionsSkipped, through time: Timestamp) {
        accepts += skipped.accepts
        rejects += skipped.rejects
        from = min(from ?? skipped.since, skipped.since)
        through = max(through ?? time, time)
    }

    /// For a person; nil when nothing was left out.
    var text: String? {
        guard let from, let through else { return nil }
        return
            "the record is a sample: between \(from) and \(through) \(rejects) rejects and \(accepts) accepts of all tenants "
            + "were left out (radius.feed_rate); what you look for may be among them"
    }
}

/// Reads recorded decisions from DOMAIN, from a time to where the stream stands now.
struct DecisionHistory: Sendable {
    private static let patience = 60

    let events: any EventStreams
    let tenant: TenantID
    let note: @Sendable (String) -> Void

    /// Calls `body` with each decision of the tenant, the oldest first, until it returns false.
    func each(since: Timestamp, _ body: (RecordedDecision) async throws -> Bool) async throws {
        try await read(Subjects.event(AccessDecided.self, tenant: tenant), since: since) { sequence, payload in
            // An event that this release cannot read is passed over: it decides nothing.
            guard let event = try? Event<AccessDecided>(decoding: payload), event.time >= since else { return true }
            return try await body(
                RecordedDecision(sequence: sequence, id: event.id, time: event.time, decided: event.payload)
            )
        }
    }

    /// What the record leaves out since then.
    func skipped(since: Timestamp) async throws -> SkippedDecisions {
        var all = SkippedDecisions()
        try await read(Subjects.event(DecisionsSkipped.self, tenant: TenantID(.zero)), since: since) { _, payload in
            guard let event = try? Event<DecisionsSkipped>(decoding: payload) else { return true }
            all.add(event.payload, through: event.time)
            return true
        }
        return all
    }

    // MARK: - Private

    private func read(
        _ subject: String,
        since: Timestamp,
        _ body: (UInt64, [UInt8]) async throws -> Bool
    ) async throws {
        let stream = Streams.domain.name
        guard let last = try await events.last(stream: stream, subject: subject), last.time >= since else { return }
        let tail = try events.tail(stream: stream, subjects: [subject], from: .time(since.microseconds))
        do {
            try await read(tail, through: last.sequence, body)
        } catch {
            await tail.close()
            throw error
        }
        await tail.close()
    }

    private func read(
        _ tail: any EventTail,
        through last: UInt64,
        _ body: (UInt64, [UInt8]) async throws -> Bool
    ) async throws {
        var silence = 0
        while true {
            let items = try await tail.next(within: .milliseconds(500))
            silence = items.isEmpty ? silence + 1 : 0
            guard silence < Self.patience else {
                throw CommandFailure(.unavailable, "the stream does not go on: \(tail.problem() ?? "nothing comes")")
            }
            for item in items {
                switch item {
                case .gap(let text): note(text)
                case .event(let sequence, _, let payload):
                    guard sequence <= last, try await body(sequence, payload), sequence < last else { return }
                }
            }
        }
    }
}
