internal import Concurrency

/// Makes and checks password digests on threads of its own: never on the cooperative pool, never more at once than there are
/// threads, never more waiting than there is room for.
package final class PasswordThreads: Sendable {
    /// How new digests are made; older ones are due to be made anew.
    package let scheme: PasswordScheme
    private let state: Monitor<State>
    /// What a check runs against where there is no digest.
    private let decoy: PasswordDigest

    private struct State: Sendable {
        var queue: FairQueue<@Sendable (_ isStopping: Bool) -> Void>
        var isStopping = false
    }

    /// What a check found.
    package struct Verdict: Hashable, Sendable {
        package let matches: Bool
        /// The password is right, and its digest should be made anew by the present scheme.
        package let needsRehash: Bool

        package init(matches: Bool, needsRehash: Bool) {
            self.matches = matches
            self.needsRehash = needsRehash
        }
    }

    /// Starts the threads, having made one digest by `scheme` to know how long it takes. `capacity` wait at most, `share` of
    /// them from one source. Throws `unusable` for numbers of the scheme that make no sense.
    package init(
        scheme: PasswordScheme = .standard,
        threads: Int = 2,
        capacity: Int = 32,
        share: Int = 4
    ) throws(PasswordError) {
        precondition((1...8).contains(threads), "between one thread and eight")
        self.scheme = scheme
        decoy = try PasswordDigest.make(Array("decoy".utf8), scheme)
        let state = Monitor(State(queue: FairQueue(capacity: capacity, share: share)))
        self.state = state
        for index in 0..<threads {
            do throws(SystemError) {
                _ = try PlatformThread.start(name: "passwords-\(index)") { Self.work(state) }
            } catch {
                throw .failed
            }
        }
    }

    deinit { shutdown() }

    /// How many wait.
    package var waiting: Int { state.withLock { $0.queue.count } }

    /// The digest of a new password. `source` tells who asks, such as an address: each has its share of the room.
    package func digest(_ password: String, from source: String) async throws(PasswordError) -> PasswordDigest {
        let octets = Array(password.utf8)
        guard PasswordDigest.isUsable(octets) else { throw .unusable }
        return try await run(from: source) { [scheme] () throws(PasswordError) in
            try PasswordDigest.make(octets, scheme)
        }
    }

    /// Whether `digest` is of that password. With no digest, or one that cannot be read, the answer is no, after as long as
    /// one by the present scheme takes.
    package func check(
        _ password: String,
        against digest: String?,
        from source: String
    ) async throws(PasswordError) -> Verdict {
        let octets = Array(password.utf8)
        let known = digest.flatMap { PasswordDigest($0) }
        return try await run(from: source) { [scheme, decoy] () throws(PasswordError) in
            let matches = (known ?? decoy).matches(octets) && known != nil
            return Verdict(matches: matches, needsRehash: matches && known?.scheme != scheme)
        }
    }

    /// Refuses what waits and what comes; what runs is finished. Does not wait for that.
    package func shutdown() {
        let waiting = state.withLock(waking: .all) { state in
            state.isStopping = true
            return state.queue.removeAll()
        }
        for job in waiting { job(true) }
    }

    private func run<Success: Sendable>(
        from source: String,
        _ body: @escaping @Sendable () throws(PasswordError) -> Success
    ) async throws(PasswordError) -> Success {
        let result: Result<Success, PasswordError> = await withCheckedContinuation { continuation in
            let refusal: PasswordError? = state.withLock(waking: .one) { state in
                guard !state.isStopping else { return .closed }
                let taken = state.queue.offer(
                    { isStopping in
                        guard !isStopping else { return continuation.resume(returning: .failure(.closed)) }
                        do throws(PasswordError) {
                            continuation.resume(returning: .success(try body()))
                        } catch {
                            continuation.resume(returning: .failure(error))
                        }
                    },
                    from: source
                )
                return taken ? nil : .busy
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    private static func work(_ state: Monitor<State>) {
        while true {
            let job = state.wait(for: { !$0.queue.isEmpty || $0.isStopping }) { $0.queue.next() }
            guard let job = job ?? nil else { return }
            job(false)
        }
    }
}
