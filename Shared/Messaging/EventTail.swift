internal import Concurrency
package import Events
package import NATS

/// What a stream holds: the sequences of its first and last message. Empty where `first` lies behind `last`.
package struct StreamExtent: Sendable, Equatable {
    package let first: UInt64
    package let last: UInt64
    /// When the stream was made, microseconds since 1970: one that was made anew numbers its messages anew.
    package let created: Int64

    package init(first: UInt64, last: UInt64, created: Int64 = 0) {
        self.first = first
        self.last = last
        self.created = created
    }
}

/// What a tail of a stream tells, in the stream's order.
package enum TailedMessage: Sendable {
    case message(sequence: UInt64, subject: String, payload: [UInt8])
    /// The stream removed these before they were read.
    case removed(from: UInt64, through: UInt64)
    /// The stream went back, and numbers anew what comes from now on.
    case rewound
}

/// Opens tails of one stream.
package struct EventTails: Sendable {
    private let client: NATSClient
    private let admin: JetStreamAdmin
    private let stream: Streams

    package init(_ client: NATSClient, stream: Streams) throws {
        self.client = client
        self.stream = stream
        admin = try JetStreamAdmin(client)
    }

    /// What the stream holds now; nil where there is no such stream. Throws `NATSError`.
    package func extent() async throws -> StreamExtent? {
        guard let info = try await admin.streamInfo(stream.name) else { return nil }
        return StreamExtent(
            first: max(1, info.firstSequence),
            last: info.lastSequence,
            created: info.createdMicroseconds
        )
    }

    /// The place behind which everything stands that was stored at or after that time, microseconds since 1970 UTC: the
    /// stream's end where nothing was stored since; 0 where it begins with the first message that is kept and others came before
    /// that one, of which nobody knows any more when; nil where there is no such stream. Throws `NATSError`.
    package func place(at time: Int64) async throws -> UInt64? {
        guard let info = try await admin.streamInfo(stream.name) else { return nil }
        // An emptied stream may have forgotten when its last message came.
        let last = info.lastTimeMicroseconds
        guard last >= time || info.messages == 0 && last <= 0 else { return info.lastSequence }
        guard info.messages > 0 else { return 0 }
        let tail = try OrderedTail(client, stream: stream.name, from: .time(time), requests: 1)
        do {
            let found = try await Self.first(of: tail)
            await tail.close()
            guard let found else { return info.lastSequence }
            // Asked again: what was removed in between was missed too.
            let first = try await admin.streamInfo(stream.name)?.firstSequence ?? found
            return found <= first ? 0 : found - 1
        } catch {
            await tail.close()
            throw error
        }
    }

    /// The first message's sequence; nil where the server reads on and has none: the stream's last ones were removed.
    private static func first(of tail: OrderedTail) async throws -> UInt64? {
        let deadline = Deadline.after(.seconds(5))
        var quiet = 0
        while quiet < 2 {
            for case .message(let message) in try await tail.next(maximum: 1, within: .milliseconds(500)) {
                return message.sequence
            }
            quiet = tail.isReading ? quiet + 1 : 0
            guard !deadline.hasPassed else { throw tail.problem ?? NATSError(.timedOut, "place of a time in a stream") }
        }
        return nil
    }

    /// Reads everything behind that sequence, for ever; of one filter of subjects, where one is given.
    package func open(after sequence: UInt64, filter: String? = nil) throws -> EventTail {
        EventTail(
            try OrderedTail(
                client,
                stream: stream.name,
                filters: filter.map { [$0] } ?? [],
                from: .sequence(sequence + 1)
            )
        )
    }
}

/// A reader of a stream, which nobody else notices. Close it.
package final class EventTail: Sendable {
    private let tail: OrderedTail

    init(_ tail: OrderedTail) { self.tail = tail }

    /// What comes within `limit`: from the first message on it waits `gathering` for more, up to `maximum`. Perhaps nothing.
    package func next(
        maximum: Int,
        within limit: Duration,
        gathering: Duration = .milliseconds(20)
    ) async throws -> [TailedMessage] {
        try await tail.next(maximum: maximum, within: limit, gathering: gathering).map { event in
            switch event {
            case .message(let message):
                .message(sequence: message.sequence, subject: message.subject, payload: message.payload)
            case .gap(.removed(let from, let through)): .removed(from: from, through: through)
            case .gap(.rewound): .rewound
            }
        }
    }

    package func close() async { await tail.close() }
}
