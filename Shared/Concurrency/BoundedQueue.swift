public import Synchronization

/// A queue of fixed capacity from any thread to one consuming task.
///
/// It is `public` and inlinable only because the compiler specialises no generic `package` code in other modules,
/// which makes it ten times slower there.
///
/// Producers never wait: `offer` says no when it is full and they decide what to shed. Offers are taken in order.
public final class BoundedQueue<Element: Sendable>: Sendable {
    /// How many elements wait at most.
    public let capacity: Int
    @usableFromInline let state: Mutex<State>

    @usableFromInline
    struct State {
        @usableFromInline var ring: [Element?]
        @usableFromInline var head = 0
        @usableFromInline var count = 0
        @usableFromInline var isFinished = false
        @usableFromInline var consumer: CheckedContinuation<Element?, Never>?

        @inlinable
        mutating func append(_ element: Element) {
            ring[(head + count) % ring.count] = element
            count += 1
        }

        @inlinable
        mutating func removeFirst() -> Element? {
            guard count > 0 else { return nil }
            let element = ring[head].take()
            head = (head + 1) % ring.count
            count -= 1
            return element
        }
    }

    /// An empty queue. Its storage is allocated here, once.
    public init(capacity: Int) {
        precondition(capacity > 0, "a queue that holds nothing")
        self.capacity = capacity
        state = Mutex(State(ring: Array(repeating: nil, count: capacity)))
    }

    /// How many elements wait now.
    public var count: Int { state.withLock { $0.count } }

    /// Adds `element` at the end; false when the queue is full or finished. Never blocks, callable from any thread.
    @inlinable
    public func offer(_ element: Element) -> Bool {
        let (taken, consumer) = state.withLock { state -> (Bool, CheckedContinuation<Element?, Never>?) in
            guard !state.isFinished else { return (false, nil) }
            if let consumer = state.consumer.take() { return (true, consumer) }
            guard state.count < state.ring.count else { return (false, nil) }
            state.append(element)
            return (true, nil)
        }
        consumer?.resume(returning: element)
        return taken
    }

    /// Takes the first element if one waits. For the consumer only.
    @inlinable
    public func poll() -> Element? { state.withLock { $0.removeFirst() } }

    /// Waits for the first element; nil when the queue is finished and empty, or when the task is cancelled.
    /// For one consumer at a time.
    public func next() async -> Element? {
        if let element = poll() { return element }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { register($0) }
        } onCancel: {
            state.withLock { $0.consumer.take() }?.resume(returning: nil)
        }
    }

    /// Waits for one element, then takes what else waits up to `maximum`; empty where `next()` gives nil.
    @inlinable
    public func nextBatch(maximum: Int) async -> [Element] {
        guard let first = await next() else { return [] }
        return state.withLock { state in
            var batch = [first]
            batch.reserveCapacity(min(maximum, state.count + 1))
            while batch.count < maximum, let element = state.removeFirst() { batch.append(element) }
            return batch
        }
    }

    /// Refuses further offers; the consumer still gets what waits, then nil.
    public func finish() {
        let consumer = state.withLock { state in
            state.isFinished = true
            return state.consumer.take()
        }
        consumer?.resume(returning: nil)
    }

    private func register(_ continuation: CheckedContinuation<Element?, Never>) {
        let immediate: Element?? = state.withLock { state in
            precondition(state.consumer == nil, "a second consumer on a queue for one")
            if let element = state.removeFirst() { return .some(element) }
            // A cancellation that came before this lock found no consumer to wake, but its flag is set by now.
            if state.isFinished || Task.isCancelled { return .some(nil) }
            state.consumer = continuation
            return .none
        }
        if let immediate { continuation.resume(returning: immediate) }
    }
}
