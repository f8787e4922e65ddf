import Concurrency

/// One connection to a router as a state machine: logs in, tells the answers of concurrent commands apart, gives up what takes too
/// long. Pure: octets, time (nanoseconds of a monotonic clock) and the end of the transport come from outside, what is to be
/// done is returned.
struct ConnectionMachine: Sendable {
    enum Action: Hashable, Sendable {
        case send([UInt8])
        /// The router let us in: commands may be submitted.
        case ready
        /// What became of a command. `nanoseconds`: from its sending to its answer.
        case finished(ticket: UInt64, Result<RouterAnswer, RouterOSError>, nanoseconds: UInt64)
        /// Close the transport. Every command has been finished before.
        case close(RouterOSError)
    }

    enum Phase: Hashable, Sendable {
        /// The transport is not open yet.
        case waiting
        /// What was sent is not answered yet; what comes next depends on it.
        case login(LoginStep, until: UInt64)
        case ready
        case closed
    }

    enum LoginStep: Hashable, Sendable {
        /// Name and password are sent, or name and the answer to a challenge.
        case credentials(mayBeChallenged: Bool)
        /// A challenge was asked for.
        case challenge
    }

    /// A command that was sent and not yet ended by the router.
    struct Flight: Sendable {
        /// Nil where nobody waits any more.
        var ticket: UInt64?
        let command: RouterCommand
        let sentAt: UInt64
        var deadline: UInt64
        var rows: [RouterRow] = []
        var octets = 0
        var failure: RouterOSError?
    }

    let configuration: RouterConfiguration
    private(set) var phase = Phase.waiting
    /// Whether the router ever let us in.
    private(set) var wasReady = false
    private(set) var flights: [UInt64: Flight] = [:]
    /// When octets last came.
    private(set) var heardAt: UInt64 = 0
    private var nextTag: UInt64 = 1
    private var decoder: SentenceDecoder

    init(_ configuration: RouterConfiguration) {
        self.configuration = configuration
        decoder = SentenceDecoder(configuration.pool.sentences)
    }

    var isReady: Bool { phase == .ready }
    /// Commands that the router works at, those that nobody waits for too.
    var load: Int { flights.count }

    /// When `tick` has something to do, unless something else happens before.
    var nextDeadline: UInt64? {
        switch phase {
        case .login(_, let until): until
        case .ready: flights.values.lazy.map(\.deadline).min()
        case .waiting, .closed: nil
        }
    }

    // MARK: - From outside

    /// The transport is open, TLS included.
    mutating func opened(now: UInt64) -> [Action] {
        precondition(phase == .waiting, "opened once")
        heardAt = now
        let until = now.later(by: configuration.pool.loginLimit.monotonic)
        switch configuration.login {
        case .automatic:
            phase = .login(.credentials(mayBeChallenged: true), until: until)
            return [.send(LoginWords.plain(configuration).sentence(tag: nil).encoded)]
        case .challenge:
            phase = .login(.challenge, until: until)
            return [.send(RouterCommand("/login").sentence(tag: nil).encoded)]
        }
    }

    /// Sends a command on a connection that is ready.
    mutating func submit(_ command: RouterCommand, ticket: UInt64?, deadline: UInt64, now: UInt64) -> [Action] {
        precondition(phase == .ready, "submitted to a connection that is not ready")
        let tag = nextTag
        nextTag += 1
        flights[tag] = Flight(ticket: ticket, command: command, sentAt: now, deadline: deadline)
        return [.send(command.sentence(tag: tag).encoded)]
    }

    /// Nobody waits for the command any more: the router is told, and the connection stays.
    mutating func cancel(_ ticket: UInt64, now: UInt64) -> [Action] {
        guard let tag = flights.first(where: { $0.value.ticket == ticket })?.key else { return [] }
        return giveUp(tag, RouterOSError(.cancelled, "cancelled while it was under way", wasSent: true), now: now)
    }

    /// Octets came.
    mutating func received(_ octets: some Sequence<UInt8>, now: UInt64) -> [Action] {
        guard phase != .closed, phase != .waiting else { return [] }
        heardAt = now
        decoder.append(octets)
        var actions: [Action] = []
        do throws(CodecError) {
            while phase != .closed, let sentence = try decoder.next() {
                guard let reply = Reply(sentence) else {
                    return actions + close(RouterOSError(.protocolViolation, "a sentence that is no reply"))
                }
                actions += take(reply, now: now)
            }
        } catch {
            actions += close(RouterOSError(.protocolViolation, error.description))
        }
        return actions
    }

    /// The transport ended.
    mutating func lost(_ error: RouterOSError) -> [Action] { close(error) }

    /// Time has passed.
    mutating func tick(now: UInt64) -> [Action] {
        if case .login(_, let until) = phase, until <= now {
            return close(RouterOSError(.timeout, "the router did not answer the login"))
        }
        var actions: [Action] = []
        for tag in flights.filter({ $0.value.deadline <= now }).keys.sorted() {
            guard let flight = flights[tag] else { continue }
            // Not even what was cancelled, or only asked whether it is alive, was answered.
            guard flight.ticket != nil else {
                return actions + close(RouterOSError(.timeout, "the router does not answer any more"))
            }
            actions += giveUp(tag, RouterOSError(.timeout, "no answer in time", wasSent: true), now: now)
        }
        return actions
    }

    // MARK: - Private

    private mutating func take(_ reply: Reply, now: UInt64) -> [Action] {
        if reply.kind == .fatal {
            let text = reply.text.isEmpty ? reply.row["message"] ?? "no reason given" : reply.text
            return close(
                RouterOSError(.terminated, RouterOSError.shown(text, without: LoginWords.plain(configuration)))
            )
        }
        if case .login(let step, let until) = phase { return login(step, until: until, reply) }
        guard let tag = reply.tag, flights[tag] != nil else {
            return close(RouterOSError(.protocolViolation, "a reply to nothing that was asked"))
        }
        return record(reply, tag, now: now)
    }

    private mutating func record(_ reply: Reply, _ tag: UInt64, now: UInt64) -> [Action] {
        switch reply.kind {
        case .row:
            // What nobody waits for is not kept.
            guard let flight = flights[tag], flight.ticket != nil else { return [] }
            let limits = configuration.pool
            guard flight.rows.count < limits.rows, flight.octets + reply.octets <= limits.octets else {
                return giveUp(tag, RouterOSError(.answerTooLarge, "more than is taken", wasSent: true), now: now)
            }
            flights[tag]?.rows.append(reply.row)
            flights[tag]?.octets += reply.octets
        case .trap:
            guard let flight = flights[tag], flight.failure == nil else { return [] }
            flights[tag]?.failure = RouterOSError(trap: reply.row, of: flight.command)
        case .done:
            guard let flight = flights.removeValue(forKey: tag), let ticket = flight.ticket else { return [] }
            let result: Result<RouterAnswer, RouterOSError> =
                flight.failure.map { .failure($0) } ?? .success(RouterAnswer(rows: flight.rows, end: reply.row))
            return [.finished(ticket: ticket, result, nanoseconds: now - min(flight.sentAt, now))]
        case .empty, .fatal: break
        }
        return []
    }

    /// Tells whoever waits, and the router. The command's replies are dropped until it ends.
    private mutating func giveUp(_ tag: UInt64, _ error: RouterOSError, now: UInt64) -> [Action] {
        guard let flight = flights[tag], let ticket = flight.ticket else { return [] }
        let deadline = now.later(by: configuration.pool.cancelLimit.monotonic)
        flights[tag]?.ticket = nil
        flights[tag]?.rows = []
        flights[tag]?.deadline = deadline
        let finished = Action.finished(ticket: ticket, .failure(error), nanoseconds: now - min(flight.sentAt, now))
        let cancel = RouterCommand("/cancel").with("tag", String(tag))
        return [finished] + submit(cancel, ticket: nil, deadline: deadline, now: now)
    }

    private mutating func close(_ error: RouterOSError) -> [Action] {
        guard phase != .closed else { return [] }
        phase = .closed
        var sent = error
        sent.wasSent = true
        let ended = flights.sorted { $0.key < $1.key }
        flights = [:]
        // Why the connection ended is why its commands failed, but a router that turned us out has not refused them.
        return ended.compactMap { _, flight in
            flight.ticket.map { .finished(ticket: $0, .failure(sent), nanoseconds: 0) }
        } + [.close(error)]
    }

    private mutating func login(_ step: LoginStep, until: UInt64, _ reply: Reply) -> [Action] {
        switch (reply.kind, step) {
        case (.trap, _):
            let error = RouterOSError(trap: reply.row, of: LoginWords.plain(configuration))
            return close(RouterOSError(.loginRefused, error.message))
        case (.done, .challenge), (.done, .credentials(mayBeChallenged: true)):
            guard let challenge = reply.row["ret"] else {
                guard step != .challenge else {
                    return close(RouterOSError(.loginRefused, "the router gives no challenge: it is 6.43 or newer"))
                }
                return enter()
            }
            guard let answer = LoginWords.answer(configuration, challenge: challenge) else {
                return close(RouterOSError(.protocolViolation, "a challenge that is none"))
            }
            phase = .login(.credentials(mayBeChallenged: false), until: until)
            return [.send(answer.sentence(tag: nil).encoded)]
        case (.done, .credentials(mayBeChallenged: false)): return enter()
        case (.row, _), (.empty, _), (.fatal, _):
            return close(RouterOSError(.protocolViolation, "an answer to the login that is none"))
        }
    }
    private mutating func enter() -> [Action] {
        phase = .ready
        wasReady = true
        return [.ready]
    }
}
