import SharedTesting
import Sockets
import Testing

@testable import RadiusServer

@Suite struct DuplicateCacheTests {
    private let source = SourceAddress(high: 0, low: 0xffff_0a00_0001, port: 1645)
    private let authenticator = [UInt8](0..<16)
    private let second: UInt64 = 1_000_000_000

    private func look(
        _ cache: DuplicateCache,
        from source: SourceAddress? = nil,
        identifier: UInt8 = 7,
        authenticator: [UInt8]? = nil,
        at now: UInt64 = 0
    ) -> DuplicateCache.Lookup {
        unsafe (authenticator ?? self.authenticator).withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("no octets") }
            return unsafe cache.look(
                source: source ?? self.source,
                code: 1,
                identifier: identifier,
                authenticator: base,
                now: now
            )
        }
    }

    private func keep(_ answer: [UInt8], _ slot: DuplicateCache.Slot, _ cache: DuplicateCache, sequence: UInt64? = nil)
    {
        unsafe answer.withUnsafeBytes { unsafe cache.keep($0, in: slot, journalSequence: sequence) }
    }

    @Test("A retransmission gets the same octets", .proves("G-02", "RAD-06"))
    func repeats() {
        let cache = DuplicateCache(capacity: 1_024, lifetime: 10 * second)
        guard case .fresh(let slot) = look(cache) else {
            Issue.record("not fresh")
            return
        }
        guard case .inProgress = look(cache, at: 1) else {
            Issue.record("not in progress")
            return
        }
        keep([1, 2, 3], slot, cache)
        guard case .answered(let again) = look(cache, at: 2) else {
            Issue.record("not answered")
            return
        }
        #expect(unsafe Array(cache.keptAnswer(again)) == [1, 2, 3])
    }

    @Test("A new authenticator under the same identifier is a new request and purges the old", .proves("G-02"))
    func purges() {
        let cache = DuplicateCache(capacity: 1_024, lifetime: 10 * second)
        guard case .fresh(let old) = look(cache) else {
            Issue.record("not fresh")
            return
        }
        keep([1], old, cache)
        guard case .fresh = look(cache, authenticator: [UInt8](16..<32), at: 1) else {
            Issue.record("the new authenticator was taken for the old")
            return
        }
        #expect(!cache.owns(old))
        guard case .fresh = look(cache, at: 2) else {
            Issue.record("the old answer outlived its purge")
            return
        }
    }

    @Test("Another port, address or identifier is another request")
    func distinguishes() {
        let cache = DuplicateCache(capacity: 1_024, lifetime: 10 * second)
        guard case .fresh = look(cache) else {
            Issue.record("not fresh")
            return
        }
        let port = SourceAddress(high: 0, low: source.low, port: 1646)
        let address = SourceAddress(high: 0, low: source.low + 1, port: 1645)
        for lookup in [look(cache, from: port), look(cache, from: address), look(cache, identifier: 8)] {
            guard case .fresh = lookup else {
                Issue.record("taken for a duplicate")
                return
            }
        }
    }

    @Test("An answer is forgotten after its lifetime")
    func expires() {
        let cache = DuplicateCache(capacity: 1_024, lifetime: 10 * second)
        guard case .fresh(let slot) = look(cache) else {
            Issue.record("not fresh")
            return
        }
        keep([1], slot, cache)
        guard case .answered = look(cache, at: 9 * second) else {
            Issue.record("forgotten early")
            return
        }
        guard case .fresh = look(cache, at: 11 * second) else {
            Issue.record("kept too long")
            return
        }
    }

    @Test("An answer that waits for the journal tells its sequence")
    func awaitsJournal() {
        let cache = DuplicateCache(capacity: 1_024, lifetime: 10 * second)
        guard case .fresh(let slot) = look(cache) else {
            Issue.record("not fresh")
            return
        }
        keep([9], slot, cache, sequence: 42)
        guard case .inProgress(let waiting) = look(cache, at: 1) else {
            Issue.record("answered too early")
            return
        }
        guard case .awaitingJournal(let sequence) = cache.progress(waiting) else {
            Issue.record("not waiting")
            return
        }
        #expect(sequence == 42)
        cache.release(waiting)
        guard case .answered = look(cache, at: 2) else {
            Issue.record("still waiting")
            return
        }
    }

    @Test("An answer longer than a slot is not kept, and its request is new again")
    func longAnswer() {
        let cache = DuplicateCache(capacity: 1_024, lifetime: 10 * second)
        guard case .fresh(let slot) = look(cache) else {
            Issue.record("not fresh")
            return
        }
        keep([UInt8](repeating: 1, count: DuplicateCache.answerCapacity + 1), slot, cache)
        guard case .fresh = look(cache, at: 1) else {
            Issue.record("kept a cut answer")
            return
        }
    }

    @Test("A model of a dictionary agrees on random traffic within capacity")
    func agreesWithModel() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let cache = DuplicateCache(capacity: 4_096, lifetime: 1_000 * second)
            var model: [UInt16: (authenticator: UInt8, answer: [UInt8])] = [:]
            for step in 0..<200 {
                let key = UInt16.random(in: 0..<64, using: &random)
                let tag = UInt8.random(in: 0..<4, using: &random)
                let from = SourceAddress(high: 0, low: source.low, port: 1_000 + key / 8)
                let lookup = look(
                    cache,
                    from: from,
                    identifier: UInt8(key % 8),
                    authenticator: [UInt8](repeating: tag, count: 16),
                    at: UInt64(step)
                )
                switch (lookup, model[key]) {
                case (.answered(let slot), let known?) where known.authenticator == tag:
                    #expect(unsafe Array(cache.keptAnswer(slot)) == known.answer)
                case (.fresh(let slot), let known) where known?.authenticator != tag:
                    let answer = [UInt8](repeating: tag, count: Int(tag) + 1)
                    keep(answer, slot, cache)
                    model[key] = (tag, answer)
                default:
                    Issue.record("cache and model disagree at step \(step)")
                    return
                }
            }
        }
    }
}
