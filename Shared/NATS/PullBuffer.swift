internal import Concurrency
internal import Synchronization

/// The messages that wait for a reader. Shared by the loop's thread and the reading task.
final class PullBuffer: Sendable {
    struct Waiter {
        let id: UInt64
        let maximum: Int
        var deadline: UInt64
        /// How long others are waited for behind the first; nil once it is there.
        var gathering: UInt64?
        let continuation: CheckedContinuation<[PullItem], any Error>
    }

    private struct Contents {
        var items: [PullItem] = []
        var head = 0
        /// In order of arrival; each is served whole before the next.
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
        var cancelled: Set<UInt64> = []
        var isClosed = false

        var count: Int { items.count - head }

        mutating func take(_ maximum: Int) -> [PullItem] {
            let end = min(items.count, head + maximum)
            defer {
                head = end
                if head == items.count {
                    items.removeAll(keepingCapacity: true)
                    head = 0
                } else if head > items.count / 2 {
                    items.removeFirst(head)
                    head = 0
                }
            }
            return Array(items[head..<end])
        }

        /// The first waiter's time to gather begins with the first item that is his.
        mutating func beginGathering() {
            guard count > 0, let gathering = waiters.first?.gathering else { return }
            waiters[0].gathering = nil
            waiters[0].deadline = SystemClock.monotonicNanoseconds() &+ gathering
        }
    }

    private let contents = Mutex(Contents())

    var count: Int { contents.withLock { $0.count } }

    /// Readers that wait.
    var readers: Int { contents.withLock { $0.waiters.count } }

    /// The earliest deadline of a waiting reader on the monotonic clock.
    var deadline: UInt64? { contents.withLock { $0.waiters.lazy.map(\.deadline).min() } }

    func append(_ item: PullItem) {
        let ready = contents.withLock { contents -> (Waiter, [PullItem])? in
            contents.items.append(item)
            guard let waiter = contents.waiters.first, contents.count >= waiter.maximum else {
                contents.beginGathering()
                return nil
            }
            contents.waiters.removeFirst()
            return (waiter, contents.take(waiter.maximum))
        }
        if let (waiter, items) = ready { waiter.continuation.resume(returning: items) }
    }

    /// Answers the readers whose time is over with what there is.
    func expire(now: UInt64) {
        let ready = contents.withLock { contents -> [(Waiter, [PullItem])] in
            guard contents.waiters.contains(where: { $0.deadline <= now }) else { return [] }
            let late = contents.waiters.filter { $0.deadline <= now }
            contents.waiters.removeAll { $0.deadline <= now }
            // For whom nothing has come yet, what is there is somebody's before him.
            let served = late.map { ($0, $0.gathering == nil ? contents.take($0.maximum) : []) }
            contents.beginGathering()
            return served
        }
        for (waiter, items) in ready { waiter.continuation.resume(returning: items) }
    }

    func close() {
        let waiters = contents.withLock { contents in
            contents.isClosed = true
            defer { contents.waiters = [] }
            return contents.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: NATSError(.closed, "the consumer was closed")) }
    }

    /// Up to `maximum` items: as soon as so many are there, else what is there after `limit`; where others are to be gathered, what is
    /// there so long after the first, or at once what came before. Readers do not share what comes while one gathers.
    func next(maximum: Int, within limit: Duration, gathering: Duration? = nil) async throws -> [PullItem] {
        precondition(maximum > 0)
        let id = contents.withLock { contents in
            contents.nextID += 1
            return contents.nextID
        }
        defer { contents.withLock { _ = $0.cancelled.remove(id) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                register(
                    Waiter(
                        id: id,
                        maximum: maximum,
                        deadline: Deadline.after(limit).nanoseconds,
                        gathering: gathering.map { UInt64(max(0, $0.wholeNanoseconds)) },
                        continuation: continuation
                    )
                )
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func register(_ waiter: Waiter) {
        let result = contents.withLock { contents -> Result<[PullItem], any Error>? in
            if contents.cancelled.contains(waiter.id) { return .failure(CancellationError()) }
            if contents.isClosed { return .failure(NATSError(.closed, "the consumer was closed")) }
            // What came while nobody read has waited for the others already.
            let enough = waiter.gathering == nil ? waiter.maximum : 1
            if contents.waiters.isEmpty, contents.count >= enough {
                return .success(contents.take(waiter.maximum))
            }
            contents.waiters.append(waiter)
            return nil
        }
        if let result { waiter.continuation.resume(with: result) }
    }

    private func cancel(_ id: UInt64) {
        let waiter = contents.withLock { contents -> Waiter? in
            contents.cancelled.insert(id)
            guard let index = contents.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            defer { contents.beginGathering() }
            return contents.waiters.remove(at: index)
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }
}
