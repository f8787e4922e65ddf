import Synchronization

/// Hands out chunks at hand one by one.
final class ChunkSource: Sendable {
    private let chunks: [[UInt8]]
    private let position = Mutex(0)

    init(_ chunks: [[UInt8]]) { self.chunks = chunks }

    func next() -> [UInt8]? {
        position.withLock { position in
            guard position < chunks.count else { return nil }
            defer { position += 1 }
            return chunks[position]
        }
    }
}
