import Domain
import Glibc
import Lifecycle
import Synchronization

/// The time as a file says it, for rehearsals of months in minutes: whoever writes the file moves the time. It never goes back.
final class RehearsalClock: Lifecycle.Service {
    private let path: String
    private let microseconds: Atomic<Int64>

    /// Throws where the file does not hold a time as RFC 3339 writes it.
    init(path: String) throws {
        self.path = path
        guard let time = Self.read(path) else { throw Unreadable(path: path) }
        microseconds = Atomic(time.microseconds)
    }

    struct Unreadable: Error, CustomStringConvertible {
        let path: String
        var description: String { "clock.file \(path) does not hold a time such as 2026-01-01T00:00:00Z" }
    }

    var source: TimeSource {
        TimeSource { [self] in Timestamp(microseconds: microseconds.load(ordering: .acquiring)) }
    }

    func run() async throws {
        while !GracefulShutdown.isShuttingDown {
            // A file that is being replaced is read the next time.
            if let time = Self.read(path) { microseconds.max(time.microseconds, ordering: .releasing) }
            try await rest(for: .milliseconds(5))
        }
    }

    private static func read(_ path: String) -> Timestamp? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 64)
        // SAFETY: the kernel writes at most octets.count octets into the array.
        let count = unsafe octets.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
        let text = octets.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        return Timestamp(String(decoding: text, as: UTF8.self))
    }
}
