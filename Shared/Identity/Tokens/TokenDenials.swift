package import Domain
package import Redis
import Synchronization

/// Where the truth about sessions is (Postgres).
package protocol SessionTruth: Sendable {
    /// Whether a login's session is not over.
    func isLive(_ session: LoginSessionID, in tenant: TenantID) async throws -> Bool
    /// The sessions of all tenants that ended since.
    func ended(since time: Timestamp) async throws -> [LoginSessionID]
}

/// Access tokens that are not believed before their time is over, because their session is (IAM-06).
///
/// Redis answers, since every request asks. It may be away or have lost its memory: then Postgres answers, and a Redis that is
/// back is told what ended before it is asked. Where neither answers nobody is let in.
package final class TokenDenials: Sendable {
    private let redis: RedisSession
    private let truth: any SessionTruth
    private let lifetime: Duration
    private let time: TimeSource
    /// The connection that was told everything; 0 before any, and after a denial that did not arrive.
    private let told = Mutex(0)

    /// What a token is worth.
    package enum Standing: Hashable, Sendable {
        case accepted, denied
        /// Nobody who knows can be asked: refuse, and say that it is not the token's fault (503).
        case unknown
    }

    /// `lifetime` is that of access tokens: for so long a denial matters.
    package init(redis: RedisSession, truth: any SessionTruth, lifetime: Duration, time: TimeSource) {
        self.redis = redis
        self.truth = truth
        self.lifetime = lifetime
        self.time = time
    }

    /// Denies the tokens of sessions that ended. Call it behind the commit: the sessions' end stands in Postgres, so that
    /// nothing is lost when this does not arrive.
    package func deny(_ sessions: [LoginSessionID]) async {
        await write(sessions.map { (Self.key(session: $0), remaining(until: time.now() + lifetime)) })
    }

    /// Denies one token and its session, for the rest of the token's life.
    package func deny(_ token: AccessToken) async {
        let rest = remaining(until: token.expiresAt)
        await write([
            (Self.key(token: token.id), rest),
            (Self.key(session: token.sessionID), remaining(until: time.now() + lifetime)),
        ])
    }

    /// What a token that reads well is worth now.
    package func standing(of token: AccessToken) async -> Standing {
        do {
            try await tell()
            return await read(try await redis.pipeline([Self.question(token)]), token)
        } catch {
            return await standingByTruth(token)
        }
    }

    /// Asks what a token is worth and goes on: the answer travels with whatever is asked of Redis next.
    func ask(about token: AccessToken) -> TokenQuestion {
        let question = TokenQuestion()
        guard redis.connections > 0, redis.connections == told.withLock({ $0 }) else {
            question.settle(.failure(.unreachable("nothing was told yet")))
            return question
        }
        redis.pipeline([Self.question(token)]) { question.settle($0) }
        return question
    }

    /// What the token of that question is worth.
    func answer(to question: TokenQuestion, about token: AccessToken) async -> Standing {
        switch await question.answer() {
        case .success(let answers): await read(answers, token)
        case .failure: await standing(of: token)
        }
    }

    private func read(_ answers: [RedisValue], _ token: AccessToken) async -> Standing {
        // A connection made by this very call may be to a Redis that knows nothing.
        guard redis.connections == told.withLock({ $0 }), let found = answers.first?.elements, found.count == 2 else {
            return await standingByTruth(token)
        }
        return found.allSatisfy { $0 == .none } ? .accepted : .denied
    }

    private static func question(_ token: AccessToken) -> [[UInt8]] {
        [Array("MGET".utf8), key(token: token.id), key(session: token.sessionID)]
    }

    private func standingByTruth(_ token: AccessToken) async -> Standing {
        do {
            return try await truth.isLive(token.sessionID, in: token.actor.tenantID) ? .accepted : .denied
        } catch {
            return .unknown
        }
    }

    /// Tells a connection that is new what ended lately.
    private func tell() async throws {
        // Makes the connection where there is none.
        if redis.connections == 0 { _ = try await redis.command("PING") }
        let connection = redis.connections
        guard told.withLock({ $0 != connection }) else { return }
        let ended = try await truth.ended(since: time.now() - lifetime - Self.slack)
        let rest = remaining(until: time.now() + lifetime)
        _ = try await redis.pipeline(ended.map { Self.command(Self.key(session: $0), rest) })
        // Only if they all went over that connection.
        if redis.connections == connection { told.withLock { $0 = connection } }
    }

    private func write(_ denials: [(key: [UInt8], seconds: Int64)]) async {
        do {
            _ = try await redis.pipeline(denials.map { Self.command($0.key, $0.seconds) })
        } catch {
            // The next check tells Redis everything that ended lately, this with it.
            told.withLock { $0 = 0 }
        }
    }

    /// Clocks of gateways may differ so much.
    private static let slack = Duration.seconds(60)

    private func remaining(until end: Timestamp) -> Int64 {
        max(1, (end - time.now() + Self.slack).components.seconds)
    }

    private static func command(_ key: [UInt8], _ seconds: Int64) -> [[UInt8]] {
        [Array("SET".utf8), key, [UInt8(ascii: "1")], Array("EX".utf8), Array(String(seconds).utf8)]
    }

    private static func key(token: UUID128) -> [UInt8] { Array("nexora:denied:token:\(token)".utf8) }
    private static func key(session: LoginSessionID) -> [UInt8] { Array("nexora:denied:session:\(session)".utf8) }
}

/// A question on its way to Redis, and its answer, for one task.
final class TokenQuestion: Sendable {
    private typealias Answer = Result<[RedisValue], RedisError>

    private struct State {
        var answer: Answer?
        var waiter: CheckedContinuation<Answer, Never>?
    }

    private let state = Mutex(State())

    func settle(_ answer: Result<[RedisValue], RedisError>) {
        let waiter = state.withLock { state in
            state.answer = answer
            return state.waiter.take()
        }
        waiter?.resume(returning: answer)
    }

    func answer() async -> Result<[RedisValue], RedisError> {
        if let answer = state.withLock({ $0.answer }) { return answer }
        return await withCheckedContinuation { continuation in
            let answer = state.withLock { state in
                if state.answer == nil { state.waiter = continuation }
                return state.answer
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }
}
