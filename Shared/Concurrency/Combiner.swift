import Synchronization

/// Carries out together what several tasks ask for at the same time. While something of a key is under way, what comes for that key
/// waits and makes the next batch, in the order of arrival; what comes alone waits for nobody.
///
/// `run()` must be running.
package final class Combiner<Key: Hashable & Sendable, Item: Sendable, Success: Sendable>: Sendable {
    package typealias Outcome = Result<Success, any Error>

    private struct Waiting: Sendable {
        let item: Item
        let answer: CheckedContinuation<Outcome, Never>
    }

    private struct Start: Sendable {
        let key: Key
        let first: Waiting
    }

    private struct Contents {
        /// What waits for each key of which something is under way.
        var lines: [Key: [Waiting]] = [:]
        var isFinished = false
    }

    private let contents = Mutex(Contents())
    private let most: Int
    private let mostWaiting: Int
    private let blamesOne: @Sendable (any Error) -> Bool
    private let carryOut: @Sendable (Key, [Item]) async throws -> [Outcome]
    private let starts: BoundedQueue<Start>

    /// `carryOut` gets at most `most` items of one key at once and tells of each, in their order; `mostWaiting` wait for a key. What it
    /// throws became of all of them; where it `blamesOne`, the halves are carried out by themselves, so that the others do not suffer.
    package init(
        most: Int,
        mostWaiting: Int,
        blamesOne: @escaping @Sendable (any Error) -> Bool = { _ in false },
        carryOut: @escaping @Sendable (Key, [Item]) async throws -> [Outcome]
    ) {
        precondition(most > 0, "a batch that holds nothing")
        self.most = most
        self.mostWaiting = mostWaiting
        self.blamesOne = blamesOne
        self.carryOut = carryOut
        starts = BoundedQueue(capacity: mostWaiting)
    }

    /// Carries out what comes until `finish()`, and then what still waits.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while let start = await starts.next() {
                group.addTask { await self.lead(start.key, from: start.first) }
            }
        }
        // Cancelled: nobody is left waiting.
        starts.finish()
        while let start = starts.poll() {
            let line = contents.withLock { $0.lines.removeValue(forKey: start.key) } ?? []
            for waiting in [start.first] + line { waiting.answer.resume(returning: .failure(CombinerFull())) }
        }
    }

    /// Takes no more; `run()` returns behind what waits.
    package func finish() {
        contents.withLock { $0.isFinished = true }
        starts.finish()
    }

    /// Returns what became of the item. Throws ``CombinerFull`` where too many wait, or after the end; cancelling the task
    /// takes nothing back.
    package func submit(_ item: Item, to key: Key) async throws -> Success {
        let outcome = await withCheckedContinuation { (answer: CheckedContinuation<Outcome, Never>) in
            let waiting = Waiting(item: item, answer: answer)
            if !admit(waiting, to: key) { answer.resume(returning: .failure(CombinerFull())) }
        }
        return try outcome.get()
    }

    private func admit(_ waiting: Waiting, to key: Key) -> Bool {
        contents.withLock { contents in
            guard !contents.isFinished else { return false }
            guard let line = contents.lines[key] else {
                guard starts.offer(Start(key: key, first: waiting)) else { return false }
                contents.lines[key] = []
                return true
            }
            guard line.count < mostWaiting else { return false }
            contents.lines[key]?.append(waiting)
            return true
        }
    }

    private func lead(_ key: Key, from first: Waiting) async {
        var batch = [first]
        while !batch.isEmpty {
            let outcomes = await outcomes(of: batch.map(\.item)[...], key)
            for (waiting, outcome) in zip(batch, outcomes) { waiting.answer.resume(returning: outcome) }
            batch = next(of: key)
        }
    }

    private func outcomes(of items: ArraySlice<Item>, _ key: Key) async -> [Outcome] {
        do {
            let outcomes = try await carryOut(key, Array(items))
            precondition(outcomes.count == items.count, "an outcome for each item")
            return outcomes
        } catch  where items.count > 1 && blamesOne(error) {
            let half = items.count / 2
            return await outcomes(of: items.prefix(half), key) + outcomes(of: items.dropFirst(half), key)
        } catch {
            return items.map { _ in .failure(error) }
        }
    }

    /// Nothing where nobody waits: the key is free then.
    private func next(of key: Key) -> [Waiting] {
        contents.withLock { contents in
            let line = contents.lines[key] ?? []
            contents.lines[key] = line.isEmpty ? nil : Array(line.dropFirst(most))
            return Array(line.prefix(most))
        }
    }
}

/// So many wait already that this did not begin; or all has ended.
package struct CombinerFull: Error, Equatable, CustomStringConvertible {
    package init() {}

    package var description: String { "too much waits already" }
}
