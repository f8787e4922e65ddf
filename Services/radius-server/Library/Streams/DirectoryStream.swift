import Concurrency
import Domain
import Events
import NATS
import WireFormat

/// `directory.changed` events as the follower reads them.
final class DirectoryStream: DirectoryChanges {
    private let client: NATSClient
    private let admin: JetStreamAdmin

    init(client: NATSClient, admin: JetStreamAdmin) {
        self.client = client
        self.admin = admin
    }

    func position() async throws -> UInt64 {
        guard let info = try await admin.streamInfo(Streams.domain.name) else { throw DirectoryStreamError.noStream }
        return info.lastSequence
    }

    func follow(after sequence: UInt64) throws -> any DirectoryChangeSource {
        let tail = try OrderedTail(
            client,
            stream: Streams.domain.name,
            filters: [Subjects.all(DirectoryChanged.self)],
            from: .sequence(sequence + 1)
        )
        return Source(tail: tail)
    }

    private final class Source: DirectoryChangeSource {
        private let tail: OrderedTail

        init(tail: OrderedTail) { self.tail = tail }

        func next(within limit: Duration) async throws -> [DirectoryChange] {
            try await tail.next(maximum: 1, within: limit).map { event in
                guard case .message(let message) = event else { throw DirectoryStreamError.missedEvents }
                let changed = try Event<DirectoryChanged>(decoding: message.payload).payload
                return DirectoryChange(changed)
            }
        }

        func close() async { await tail.close() }
    }
}

/// Why the changes cannot be followed.
enum DirectoryStreamError: Error, CustomStringConvertible {
    case noStream
    case missedEvents

    var description: String {
        switch self {
        case .noStream: "the stream DOMAIN does not exist yet"
        case .missedEvents: "events were removed before they could be read"
        }
    }
}
