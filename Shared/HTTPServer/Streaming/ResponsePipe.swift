import CMicrohttpd
import Glibc
import Synchronization

/// Octets of a streamed body on their way from one writing task to libmicrohttpd's thread.
///
/// When nothing waits the connection is suspended; what is written resumes it, so every write goes out at once.
@safe final class ResponsePipe: Sendable {
    /// libmicrohttpd's words for the end of a body, and for one that breaks off.
    fileprivate static let endOfStream = -1
    fileprivate static let endWithError = -2

    // SAFETY: the connection is set on libmicrohttpd's thread before it reads here. Elsewhere it is only resumed, and
    // only while it is suspended by `read`: then libmicrohttpd keeps it.
    @safe fileprivate struct State {
        nonisolated(unsafe) var connection: OpaquePointer?
        var octets: [UInt8] = []
        var taken = 0
        /// All that was ever added.
        var written: Int64 = 0
        var isParked = false
        var isFinished = false
        /// Why nothing more is read: the client went, or the server ends.
        var isBroken = false
        var writer: CheckedContinuation<Void, Never>?
        /// Octets that the writer waits to add.
        var wanted = 0

        var waiting: Int { octets.count - taken }
    }

    let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int) { self.capacity = capacity }

    // MARK: - libmicrohttpd's side

    @unsafe func attach(_ connection: OpaquePointer) {
        state.withLock { unsafe $0.connection = connection }
    }

    /// Moves octets out; suspends the connection where none wait.
    @unsafe func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let (result, writer, connection) = unsafe state.withLock { state in
            let result = unsafe state.take(into: buffer)
            let writer = hasRoom(state, for: state.wanted) ? state.writer.take() : nil
            return unsafe (result, writer, state.connection)
        }
        writer?.resume()
        guard result <= 0, let connection = unsafe connection else { return result }
        if result == Self.endWithError { return unsafe cutOff(connection, buffer) }
        guard result == 0 else { return result }
        unsafe MHD_suspend_connection(connection)
        let goesOn = state.withLock { state in
            let isReady = state.waiting > 0 || state.isFinished || state.isBroken
            state.isParked = !isReady
            return isReady
        }
        if goesOn { unsafe MHD_resume_connection(connection) }
        return 0
    }

    /// Ends the connection in the middle of a body. Told of an error, libmicrohttpd keeps the connection until
    /// something else wakes it; an octet that cannot be sent any more makes it close at once.
    @unsafe private func cutOff(_ connection: OpaquePointer, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard buffer.count > 0 else { return Self.endWithError }
        _ = unsafe shutdown(cmhd_descriptor(connection), Int32(SHUT_RDWR))
        unsafe buffer[0] = 0
        return 1
    }

    // MARK: - The writer's side

    /// Adds octets where they fit behind what waits; something always fits into an empty pipe. Never waits.
    func offer(_ octets: [UInt8]) -> Bool {
        change { state in
            guard !state.isBroken, !state.isFinished else { return false }
            guard hasRoom(state, for: octets.count) else { return false }
            state.append(octets)
            return true
        }
    }

    private func hasRoom(_ state: State, for count: Int) -> Bool {
        state.waiting == 0 || state.waiting + count <= capacity
    }

    /// Octets that were added so far.
    var written: Int64 { state.withLock { $0.written } }

    /// Whether the pipe is read no more.
    var isBroken: Bool { state.withLock { $0.isBroken } }

    /// Adds octets as soon as they fit.
    func write(_ octets: [UInt8]) async throws(StreamClosed) {
        guard !octets.isEmpty else { return }
        while !offer(octets) {
            if state.withLock({ $0.isBroken || $0.isFinished }) { throw StreamClosed() }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let mustWait = state.withLock { state in
                        guard !hasRoom(state, for: octets.count), !state.isBroken, !Task.isCancelled else {
                            return false
                        }
                        state.wanted = octets.count
                        precondition(state.writer == nil, "a second writer of one stream")
                        state.writer = continuation
                        return true
                    }
                    if !mustWait { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.writer.take() }?.resume()
            }
            if Task.isCancelled { throw StreamClosed() }
        }
    }

    /// The body is complete; what waits is still sent.
    func finish() { change { $0.isFinished = true } }

    /// Nothing more will be read; the connection, where it is suspended, is closed.
    func breakOff() {
        change { $0.isBroken = true }
        state.withLock { $0.writer.take() }?.resume()
    }

    /// Changes the state, then resumes the connection where it waited for that.
    @discardableResult
    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, connection) = unsafe state.withLock { state -> (Result, OpaquePointer?) in
            let result = body(&state)
            let wakes = state.isParked && (state.waiting > 0 || state.isFinished || state.isBroken)
            if wakes { state.isParked = false }
            return unsafe (result, wakes ? state.connection : nil)
        }
        if let connection = unsafe connection { unsafe MHD_resume_connection(connection) }
        return result
    }
}

extension ResponsePipe.State {
    fileprivate mutating func append(_ more: [UInt8]) {
        written += Int64(more.count)
        if octets.isEmpty { octets = more } else { octets += more }
    }

    fileprivate mutating func take(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard !isBroken else { return ResponsePipe.endWithError }
        guard waiting > 0 else { return isFinished ? ResponsePipe.endOfStream : 0 }
        let count = min(waiting, buffer.count)
        unsafe octets.withUnsafeBytes { bytes in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[taken..<taken + count]))
        }
        taken += count
        if waiting == 0 {
            octets.removeAll(keepingCapacity: octets.count <= 65_536)
            taken = 0
        } else if taken >= 65_536 {
            octets.removeFirst(taken)
            taken = 0
        }
        return count
    }
}

/// Where a streamed answer is written, by one task.
package struct ResponseWriter: Sendable {
    let pipe: ResponsePipe

    /// Octets that were added so far, before any compression.
    package var written: Int64 { pipe.written }

    /// Adds octets; waits while the client is behind. Throws when the client is gone or the task is cancelled.
    package func write(_ octets: [UInt8]) async throws(StreamClosed) { try await pipe.write(octets) }
}
