import Glibc
import Synchronization

/// Where finished log lines go.
package protocol LogSink: Sendable {
    /// Takes one line that ends with a newline.
    func write(_ line: [UInt8])
    /// The same, of a line of that level; for sinks to which it matters.
    func write(_ line: [UInt8], at level: LogLevel)
}

extension LogSink {
    package func write(_ line: [UInt8], at level: LogLevel) { write(line) }
}

/// Standard output, a whole line at a time.
package final class StandardOutputSink: LogSink {
    private let order = Mutex(())

    package init() {}

    package func write(_ line: [UInt8]) {
        order.withLock { _ in
            var offset = 0
            while offset < line.count {
                let count = unsafe line.withUnsafeBytes { bytes in
                    unsafe Glibc.write(
                        STDOUT_FILENO,
                        UnsafeRawBufferPointer(rebasing: bytes[offset...]).baseAddress,
                        bytes.count - offset
                    )
                }
                if count < 0, errno == EINTR { continue }
                // Nobody is left to tell that standard output is gone.
                guard count > 0 else { return }
                offset += count
            }
        }
    }
}

/// Keeps lines in memory: for tests.
package final class MemoryLogSink: LogSink {
    private let kept = Mutex<[String]>([])

    package init() {}

    /// The lines so far, without their newlines.
    package var lines: [String] { kept.withLock { $0 } }

    package func write(_ line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        kept.withLock { $0.append(text) }
    }
}
