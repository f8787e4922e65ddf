import Synchronization

/// Hands the pieces of a streamed body from the task that makes them to the client's thread, one at a time.
final class UploadFeed: Sendable {
    /// What the client's thread finds.
    enum Finding: Equatable {
        case octets(Int)
        /// Nothing yet: `wake` is called when there is.
        case wait
        case end
        case failed
    }

    private struct State {
        var piece: [UInt8] = []
        var offset = 0
        /// Octets that were promised and have not been put in.
        var missing: Int
        var isClosed = false
        var hasFailed = false
        var producer: CheckedContinuation<Bool, Never>?
    }

    private let state: Mutex<State>

    init(length: Int) { state = Mutex(State(missing: length)) }

    /// Takes pieces until the body is whole; `wake` tells the client's thread of each. Returns where nobody wants more, too.
    func fill(from stream: UploadStream, wake: @Sendable () -> Void) async {
        do {
            while let piece = try await stream.next() {
                guard await hasRoom() else { return }
                let fits = put(piece)
                wake()
                guard fits else { return }
            }
            // Ends early where something is missing.
            state.withLock { if $0.missing > 0 { $0.hasFailed = true } }
        } catch {
            state.withLock { $0.hasFailed = true }
        }
        wake()
    }

    /// Nobody reads any more: whoever waits to put something in goes on.
    func close() {
        let producer = state.withLock { state in
            state.isClosed = true
            return state.producer.take()
        }
        producer?.resume(returning: false)
    }

    /// Copies what there is. On the client's thread.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Finding {
        let (finding, producer) = state.withLock { state -> (Finding, CheckedContinuation<Bool, Never>?) in
            if state.hasFailed { return (.failed, nil) }
            let count = min(buffer.count, state.piece.count - state.offset)
            guard count > 0 else { return (state.missing == 0 ? .end : .wait, nil) }
            unsafe state.piece.withUnsafeBytes { octets in
                unsafe buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: octets[state.offset..<state.offset + count])
                )
            }
            state.offset += count
            return (.octets(count), state.offset == state.piece.count ? state.producer.take() : nil)
        }
        producer?.resume(returning: true)
        return finding
    }

    /// Waits until the last piece was read; false where nobody reads any more.
    private func hasRoom() async -> Bool {
        await withCheckedContinuation { continuation in
            let now = state.withLock { state -> Bool? in
                if state.isClosed { return false }
                if state.offset == state.piece.count { return true }
                state.producer = continuation
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    /// False for more than was promised.
    private func put(_ piece: [UInt8]) -> Bool {
        state.withLock { state in
            guard piece.count <= state.missing else {
                state.hasFailed = true
                return false
            }
            state.missing -= piece.count
            (state.piece, state.offset) = (piece, 0)
            return true
        }
    }
}
