package import Domain
package import Redis

/// The connection over which one polling thread asks for admissions: opens it again when it is lost, gives up on answers
/// that take too long, and waits for replicas where there are some.
///
/// The owner watches ``descriptor`` and calls ``advance(now:_:)`` when it is ready, after it asked for something, and every
/// quarter of a second. Every question ends in exactly one answer. Confined to one thread.
package final class AdmissionLink {
    package struct Settings: Sendable {
        /// An answer that takes longer, in nanoseconds, is given up, and the connection with it.
        package var deadline: UInt64 = 300_000_000
        /// Replicas that must have a grant before it counts: after a failover the new primary knows of it.
        package var replicas = 0
        /// Between two attempts to connect, in nanoseconds.
        package var pause: UInt64 = 250_000_000

        package init() {}
    }

    /// What became of a question.
    @safe package enum Answer {
        case octets(UnsafeRawBufferPointer)
        case number(Int64)
        /// Redis refused it, or is away. `outcomeKnown` is false where it may have been carried out all the same.
        case failed(outcomeKnown: Bool)
    }

    private struct Question {
        let token: UInt64
        let sentAt: UInt64
        /// The answer must not be used before the replicas have what it tells.
        let waits: Bool
    }

    /// A token of ours: the replicas' answer to the question before it.
    private static let replicaToken = UInt64.max

    private let channel = AdmissionChannel(RedisPipeline())
    private let locator: RedisLocator
    private let settings: Settings
    private var questions: [Question] = []
    private var held: [UInt8] = []
    private var heldNumber: Int64?
    private var heldIsRefusal = false
    private var triedAt: UInt64?
    private var url: RedisURL?
    /// Changes with every new connection: a descriptor's number may come again.
    package private(set) var generation: UInt64 = 0
    /// Why the last connection ended, until the next one is open.
    package private(set) var trouble: RedisError?

    package init(locator: RedisLocator, settings: Settings) {
        self.locator = locator
        self.settings = settings
    }

    /// Whether questions can be asked.
    package var isOpen: Bool { channel.pipeline.status == .open }
    package var descriptor: Int32 { channel.pipeline.descriptor }
    package var wantsWriting: Bool { channel.pipeline.wantsWriting }
    /// Questions without an answer yet.
    package var outstanding: Int { questions.count }

    /// See ``AdmissionChannel/admit(_:token:)``. False: Redis is away, nothing was asked.
    package func admit(_ batch: borrowing AdmissionBatch, token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.admit(batch, token: token) else { return false }
        return asked(token, now, waits: true)
    }

    /// See ``AdmissionChannel/report(_:token:)``.
    package func report(_ reports: [UInt8], token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.report(reports, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/load(_:block:count:isFree:token:)``.
    package func load(
        _ pool: AddressPool,
        block: UInt32,
        count: UInt32 = 1,
        isFree: (UInt64) -> Bool,
        token: UInt64,
        now: UInt64
    ) -> Bool {
        guard isOpen, channel.load(pool, block: block, count: count, isFree: isFree, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/reserve(_:holder:token:)``.
    package func reserve(_ pool: AddressPool, holder: String, token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.reserve(pool, holder: holder, token: token) else { return false }
        return asked(token, now, waits: true)
    }

    /// See ``AdmissionChannel/holder(of:in:token:)``.
    package func holder(of block: UInt32, in pool: PoolID, token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.holder(of: block, in: pool, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/memory(token:)``.
    package func memory(token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.memory(token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/strike(_:offset:token:)``.
    package func strike(_ pool: PoolID, offset: UInt64, token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.strike(pool, offset: offset, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/giveBack(_:offsets:token:)``.
    package func giveBack(_ pool: PoolID, offsets: [UInt64], token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.giveBack(pool, offsets: offsets, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/beat(_:token:)``.
    package func beat(_ holder: String, token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.beat(holder, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// See ``AdmissionChannel/claim(_:token:)``. Waits for no replica: right after a failover there is none, and whoever is
    /// primary next is told again.
    package func claim(_ claims: [UInt8], token: UInt64, now: UInt64) -> Bool {
        guard isOpen, channel.claim(claims, token: token) else { return false }
        return asked(token, now, waits: false)
    }

    /// Moves everything on: connects, writes, reads, gives up what took too long. Returns nanoseconds until it must be
    /// called again at the latest.
    package func advance(now: UInt64, _ deliver: (UInt64, Answer) -> Void) -> UInt64 {
        if channel.pipeline.status == .closed { connect(now: now) }
        do throws(RedisError) {
            try channel.pipeline.advance { token, answer in take(token, answer, deliver) }
            if let url, let current = locator.current, current != url { throw .unreachable("the primary moved") }
            if channel.pipeline.status == .greeting, let triedAt, now > triedAt + 4 * settings.deadline {
                throw .unreachable("no greeting in time")
            }
            // What was asked while answers were delivered is younger than `now`.
            if let oldest = questions.first, now > oldest.sentAt + settings.deadline {
                throw .unreachable("no answer in time")
            }
        } catch {
            lose(error, deliver)
        }
        if isOpen { trouble = nil }
        return questions.isEmpty ? settings.pause : min(settings.pause, settings.deadline / 4)
    }

    // MARK: - Private

    private func connect(now: UInt64) {
        if let triedAt, now < triedAt + settings.pause { return }
        triedAt = now
        guard let url = locator.current else { return }
        self.url = url
        generation += 1
        do throws(RedisError) {
            try channel.pipeline.open(url, scripts: AdmissionChannel.scripts)
        } catch {
            trouble = error
        }
    }

    private func asked(_ token: UInt64, _ now: UInt64, waits: Bool) -> Bool {
        let waits = waits && settings.replicas > 0
        questions.append(Question(token: token, sentAt: now, waits: waits))
        guard waits else { return true }
        let limit = max(1, settings.deadline / 2_000_000)
        let words = ["WAIT", String(settings.replicas), String(limit)].map { Array($0.utf8) }
        return channel.pipeline.append(words, token: Self.replicaToken)
    }

    private func take(_ token: UInt64, _ answer: borrowing RedisAnswer, _ deliver: (UInt64, Answer) -> Void) {
        guard let question = questions.first else { return }
        if token == Self.replicaToken {
            questions.removeFirst()
            let enough = (answer.integer ?? 0) >= settings.replicas
            guard !heldIsRefusal, enough else { return deliver(question.token, .failed(outcomeKnown: heldIsRefusal)) }
            if let heldNumber { return deliver(question.token, .number(heldNumber)) }
            return unsafe held.withUnsafeBytes { unsafe deliver(question.token, .octets($0)) }
        }
        guard !question.waits else {
            heldIsRefusal = answer.refusal != nil
            if let refusal = answer.refusal { trouble = .refused(refusal) }
            heldNumber = answer.integer
            held.removeAll(keepingCapacity: true)
            unsafe answer.withOctets { unsafe held.append(contentsOf: $0) }
            return
        }
        questions.removeFirst()
        if let refusal = answer.refusal {
            trouble = .refused(refusal)
            deliver(question.token, .failed(outcomeKnown: true))
        } else if let number = answer.integer {
            deliver(question.token, .number(number))
        } else {
            unsafe answer.withOctets { unsafe deliver(question.token, .octets($0)) }
        }
    }

    private func lose(_ error: RedisError, _ deliver: (UInt64, Answer) -> Void) {
        trouble = error
        _ = channel.pipeline.close()
        let lost = questions
        questions = []
        for question in lost { deliver(question.token, .failed(outcomeKnown: false)) }
    }
}
