import Concurrency
import Synchronization

/// Gathers lines and hands them on many at a time, in their order: once 32 kB are waiting, a tenth of a second after the first of them,
/// at once with a warning or worse, and at `close()`.
///
/// A process that dies of itself loses lines of information of its last tenth of a second; one that is asked to end loses none. Where
/// nobody takes the lines, whoever writes waits: memory stays bounded.
package final class BufferedLogSink: LogSink {
    private struct State {
        var lines: [UInt8] = []
        var isClosed = false
    }

    private let sink: any LogSink
    private let octets: Int
    private let delay: Duration
    private let state = Monitor(State())
    /// Held while lines are handed on, so that none overtakes another.
    private let order = Mutex(())

    /// Starts a thread that lives until `close()`. The sink gets several lines in one piece.
    package init(_ sink: any LogSink, octets: Int = 32 << 10, delay: Duration = .milliseconds(100)) {
        self.sink = sink
        self.octets = octets
        self.delay = delay
        do throws(SystemError) {
            _ = try PlatformThread.start(name: "log") { [self] in watch() }
        } catch {
            // Without somebody who looks after them no line may wait.
            state.withLock { $0.isClosed = true }
        }
    }

    package func write(_ line: [UInt8]) { write(line, at: .info) }

    package func write(_ line: [UInt8], at level: LogLevel) {
        let (isFirst, isDue) = state.withLock { state in
            let isFirst = state.lines.isEmpty
            if isFirst { state.lines.reserveCapacity(octets + 1_024) }
            state.lines += line
            return (isFirst, state.isClosed || level >= .warn || state.lines.count >= octets)
        }
        if isDue {
            flush()
        } else if isFirst {
            state.withLock(waking: .one) { _ in }
        }
    }

    /// Hands on what waits; returns once it is out.
    package func flush() {
        order.withLock { _ in
            let lines = state.withLock { state in
                var taken: [UInt8] = []
                swap(&taken, &state.lines)
                return taken
            }
            if !lines.isEmpty { sink.write(lines) }
        }
    }

    /// Hands on what waits; whatever is written from here on goes on at once.
    package func close() {
        state.withLock(waking: .all) { $0.isClosed = true }
        flush()
    }

    private func watch() {
        while true {
            let isClosed = state.wait(for: { !$0.lines.isEmpty || $0.isClosed }) { $0.isClosed } ?? true
            if isClosed { return }
            _ = state.wait(until: .after(delay), for: \.isClosed) { _ in }
            flush()
        }
    }
}
