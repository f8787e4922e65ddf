package import Redis
import Synchronization

/// Limits over all gateways, in Redis; where that does not answer, over this one, until it does.
///
/// Questions that come while Redis answers others travel together.
package final class RateLimiter: Sendable {
    private struct Question: Sendable {
        let rules: [RateRule]
        let answer: CheckedContinuation<RateVerdict?, Never>
    }

    private let redis: RedisSession
    private let local: LocalLimiter
    private let now: @Sendable () -> Int64
    private let waiting = Mutex<[Question]>([])
    private let capacity: Int
    private let serial = Atomic<UInt64>(0)
    private let nonce: String
    private let away = Atomic<Bool>(false)
    /// Redis is not asked again before that, so that nobody waits for what does not answer.
    private let patience = Atomic<Int64>(0)
    private static let pause: Int64 = 1_000_000
    private static let most = 256

    /// The scripts that the session must be made with.
    package static var scripts: [String] { [RateLua.take] }

    /// `nonce` tells this process from all others; `now` is in microseconds. Beyond `capacity` questions at once this process
    /// answers by itself.
    package init(
        redis: RedisSession,
        nonce: String,
        local: LocalLimiter = LocalLimiter(),
        capacity: Int = 4_096,
        now: @escaping @Sendable () -> Int64
    ) {
        self.redis = redis
        self.nonce = nonce
        self.local = local
        self.capacity = capacity
        self.now = now
    }

    /// Whether Redis did not answer last: limits are this process's own.
    package var isLocal: Bool { away.load(ordering: .relaxed) }

    /// Counts a request if every rule allows it.
    package func take(_ rules: [RateRule]) async -> RateVerdict {
        guard now() >= patience.load(ordering: .relaxed) else { return local.take(rules, at: now()) }
        let verdict: RateVerdict? = await withCheckedContinuation { continuation in
            let count = waiting.withLock { waiting in
                guard waiting.count < capacity else { return 0 }
                waiting.append(Question(rules: rules, answer: continuation))
                return waiting.count
            }
            switch count {
            case 0: continuation.resume(returning: nil)
            // Later ones are taken along.
            case 1: ask()
            default: break
            }
        }
        return verdict ?? local.take(rules, at: now())
    }

    private func ask() {
        let batch = Batch()
        redis.run(0) { [self] in
            let (taken, rest) = waiting.withLock { waiting in
                let taken = Array(waiting.prefix(Self.most))
                waiting.removeFirst(taken.count)
                return (taken, waiting.count)
            }
            if rest > 0 { ask() }
            batch.questions.withLock { $0 = taken }
            return arguments(taken)
        } answer: { [self] result in
            settle(batch.questions.withLock { $0 }, result)
        }
    }

    /// The questions that went out together.
    private final class Batch: Sendable {
        let questions = Mutex<[Question]>([])
    }

    private func settle(_ batch: [Question], _ result: Result<RedisValue, RedisError>) {
        guard case .success(let answer) = result else {
            away.store(true, ordering: .relaxed)
            patience.store(now() + Self.pause, ordering: .relaxed)
            for question in batch { question.answer.resume(returning: nil) }
            return
        }
        away.store(false, ordering: .relaxed)
        var numbers = (answer.elements ?? [])[...]
        for question in batch {
            let own = numbers.prefix(1 + 2 * question.rules.count)
            numbers = numbers.dropFirst(own.count)
            question.answer.resume(returning: Self.verdict(own.map(\.number), question.rules))
        }
    }

    /// Each rule once, however many questions name it: what many share costs Redis little. One that is only looked at is named with
    /// a `v` before its number.
    private func arguments(_ batch: [Question]) -> [[UInt8]] {
        var numbers: [RateRule: Int] = [:]
        var rules: [[UInt8]] = []
        let questions = batch.map { question -> [UInt8] in
            var asked: [UInt8] = []
            asked.reserveCapacity(4 * question.rules.count)
            for rule in question.rules {
                if !asked.isEmpty { asked.append(UInt8(ascii: " ")) }
                if !rule.isCounted { asked.append(UInt8(ascii: "v")) }
                let counted = rule.counted
                let number = numbers[counted] ?? numbers.count + 1
                if number > numbers.count {
                    numbers[counted] = number
                    rules += Self.words(rule)
                }
                asked += String(number).utf8
            }
            return asked
        }
        let serial = serial.wrappingAdd(1, ordering: .relaxed).newValue
        return [Array("\(nonce)-\(serial)".utf8), Array(String(numbers.count).utf8)] + rules + questions
    }

    private static func words(_ rule: RateRule) -> [[UInt8]] {
        switch rule.kind {
        case .window(let limit, let seconds), .watch(let limit, let seconds):
            [rule.key, [UInt8(ascii: "w")], Array(String(limit).utf8), Array(String(seconds * 1_000).utf8)]
        case .bucket(let capacity, let perSecond):
            [rule.key, [UInt8(ascii: "b")], Array(String(capacity).utf8), Array(String(perSecond).utf8)]
        }
    }

    private static func verdict(_ values: [Int64?], _ rules: [RateRule]) -> RateVerdict? {
        guard values.count == 1 + 2 * rules.count else { return nil }
        var standings: [RateStanding] = []
        for (index, rule) in rules.enumerated() {
            guard let remaining = values[1 + 2 * index], let reset = values[2 + 2 * index] else { return nil }
            standings.append(
                RateStanding(rule: rule, remaining: Int(remaining), resetMilliseconds: Int(reset))
            )
        }
        guard values.first == 0 else { return RateVerdict(standings: standings, refusedBy: nil) }
        let refused = standings.filter { $0.remaining < 1 }.max { $0.resetMilliseconds < $1.resetMilliseconds }
        return RateVerdict(standings: standings, refusedBy: refused ?? standings.first)
    }
}
