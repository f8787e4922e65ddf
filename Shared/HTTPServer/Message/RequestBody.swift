/// The body of a request: a sequence of pieces for one task, read no faster than that task takes them.
package struct RequestBody: Sendable, AsyncSequence {
    package typealias Element = [UInt8]
    package typealias Failure = RequestBodyError
    private let channel: BodyChannel

    init(_ channel: BodyChannel) { self.channel = channel }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let channel: BodyChannel

        package mutating func next() async throws(RequestBodyError) -> [UInt8]? { try await channel.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(RequestBodyError) -> [UInt8]? {
            try await channel.next()
        }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(channel: channel) }

    /// Octets as the head states them; nil where the body comes in chunks.
    package var declaredCount: Int? { channel.declaredCount }

    /// Octets that came so far, whether they were read or not.
    package var arrivedCount: Int { channel.arrivedCount }

    /// The whole body. Its route's limit holds, and `limit` where that is less.
    package func collect(upTo limit: Int = .max) async throws(RequestBodyError) -> [UInt8] {
        if let declared = declaredCount, declared > limit { throw .tooLarge(limit: limit) }
        var octets: [UInt8] = []
        while let piece = try await channel.next() {
            guard octets.count + piece.count <= limit else { throw .tooLarge(limit: limit) }
            if octets.isEmpty { octets = piece } else { octets += piece }
        }
        return octets
    }

    func limit(to limit: Int) { channel.setLimit(limit) }
}
