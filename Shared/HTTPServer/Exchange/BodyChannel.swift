import Synchronization

/// A request's body on its way from libmicrohttpd's thread to the one task that reads it.
///
/// At most `window` octets wait; then the connection is suspended until the reader has taken them.
final class BodyChannel: Sendable {
    static let window = 65_536

    private let state: Mutex<State>
    /// Wakes the connection where it waits for the reader. Set before the body begins, called without the lock.
    private let wake: @Sendable () -> Void

    fileprivate struct State {
        var chunks: [[UInt8]] = []
        var waiting = 0
        var taken = 0
        var limit: Int
        /// What the head said; nil for chunks.
        let declared: Int?
        var isDemanded: Bool
        var isDiscarding = false
        var end: End?
        var reader: CheckedContinuation<Void, Never>?
    }

    fileprivate enum End {
        case complete
        case failed(RequestBodyError)
    }

    init(declared: Int?, limit: Int, isDemanded: Bool, wake: @escaping @Sendable () -> Void) {
        self.wake = wake
        let end: End? = declared == 0 ? .complete : nil
        state = Mutex(State(limit: limit, declared: declared, isDemanded: isDemanded, end: end))
    }

    /// A body that is there already.
    init(octets: [UInt8]) {
        wake = {}
        var made = State(limit: .max, declared: octets.count, isDemanded: true, end: .complete)
        if !octets.isEmpty { made.chunks = [octets] }
        made.waiting = octets.count
        made.taken = octets.count
        state = Mutex(made)
    }

    // MARK: - The connection's side

    /// Whether the body shall flow.
    var isWanted: Bool { state.withLock { $0.isDemanded || $0.isDiscarding } }

    /// Whether the connection, once stopped because the window was full, may go on.
    var hasRoom: Bool { state.withLock { $0.isDiscarding || $0.end != nil || $0.waiting <= Self.window / 2 } }

    /// Takes octets in; false where they must wait. What nobody will read is dropped.
    func take(_ octets: UnsafeBufferPointer<UInt8>) -> Bool {
        let (accepted, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            if state.isDiscarding || state.end != nil { return (true, nil) }
            // Something always fits into an empty window.
            guard state.waiting == 0 || state.waiting + octets.count <= Self.window else { return (false, nil) }
            state.taken += octets.count
            if state.taken > state.limit {
                state.end = .failed(.tooLarge(limit: state.limit))
            } else {
                unsafe state.chunks.append(Array(octets))
                state.waiting += octets.count
            }
            return (true, state.reader.take())
        }
        reader?.resume()
        return accepted
    }

    /// The body's last octet came.
    func complete() { finish(.complete) }

    /// The body will not come to its end.
    func fail(_ error: RequestBodyError) { finish(.failed(error)) }

    /// Nobody will read the rest.
    func discard() {
        state.withLock { state in
            state.isDiscarding = true
            state.chunks = []
            state.waiting = 0
        }
    }

    private func finish(_ end: End) {
        let reader = state.withLock { state in
            if state.end == nil { state.end = end }
            return state.reader.take()
        }
        reader?.resume()
    }

    // MARK: - The reader's side

    var arrivedCount: Int { state.withLock { $0.taken } }

    var declaredCount: Int? { state.withLock { $0.declared } }

    func setLimit(_ limit: Int) { state.withLock { $0.limit = limit } }

    /// The next piece; nil at the end. For one task.
    func next() async throws(RequestBodyError) -> [UInt8]? {
        while true {
            let step = state.withLock { $0.step() }
            switch step {
            case .chunk(let chunk):
                wake()
                return chunk
            case .end: return nil
            case .failure(let error): throw error
            case .wait:
                wake()
                await withCheckedContinuation { continuation in
                    let mustWait = state.withLock { state in
                        guard state.chunks.isEmpty, state.end == nil else { return false }
                        precondition(state.reader == nil, "a second reader of one body")
                        state.reader = continuation
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            }
        }
    }

    fileprivate enum Step {
        case chunk([UInt8])
        case end
        case failure(RequestBodyError)
        case wait
    }
}

extension BodyChannel.State {
    fileprivate mutating func step() -> BodyChannel.Step {
        if let declared, declared > limit { return .failure(.tooLarge(limit: limit)) }
        isDemanded = true
        if !chunks.isEmpty {
            let chunk = chunks.removeFirst()
            waiting -= chunk.count
            return .chunk(chunk)
        }
        switch end {
        case .complete: return .end
        case .failed(let error): return .failure(error)
        case nil: return .wait
        }
    }
}
