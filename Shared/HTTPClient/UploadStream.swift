package import Concurrency
import Glibc

/// A body of known length that is made while it is sent.
package struct UploadStream: Sendable {
    /// Octets of the whole.
    package let length: Int
    /// The next of them, never none; nil at the end.
    let next: @Sendable () async throws -> [UInt8]?

    /// A body of `length` octets as `next` gives them. It is asked for more once the last was sent, so that no more than one piece
    /// waits in memory. The request fails with `bodyFailed` where it throws or gives more or less than it said.
    package init(length: Int, next: @escaping @Sendable () async throws -> [UInt8]?) {
        precondition(length >= 0, "octets of a body")
        self.length = length
        self.next = next
    }

    /// The octets of a file as long as it is now; it is read on a thread of `pool`. Throws `SystemError` where it cannot be opened.
    package static func file(_ path: String, reading pool: WorkerPool) throws(SystemError) -> UploadStream {
        let file = try OpenFile(path)
        return UploadStream(length: file.length) { try await onThread(pool) { try file.read() } }
    }
}

/// A file that is read from its beginning to its end.
private final class OpenFile: Sendable {
    private static let piece = 256 << 10
    private let descriptor: Int32
    let length: Int

    init(_ path: String) throws(SystemError) {
        descriptor = try SystemError.check("open", unsafe open(path, O_RDONLY | O_CLOEXEC))
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else {
            let failure = SystemError("fstat", errno)
            close(descriptor)
            throw failure
        }
        length = Int(facts.st_size)
    }

    deinit { close(descriptor) }

    func read() throws -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: Self.piece)
        while true {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", errno) }
            return count == 0 ? nil : Array(piece.prefix(count))
        }
    }
}
