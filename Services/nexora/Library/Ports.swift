package import Domain

/// Where a tail begins.
package enum TailStart: Sendable, Equatable {
    /// With what comes from now on.
    case now
    /// With the stream's first event.
    case beginning
    /// With the first event at or after a sequence.
    case sequence(UInt64)
    /// With the first event stored at or after a time, microseconds since 1970 UTC.
    case time(Int64)
    /// With the last events, that many.
    case last(Int)
}

/// What a tail brings.
package enum TailItem: Sendable, Equatable {
    /// A message as it stands in its stream.
    case event(sequence: UInt64, subject: String, payload: [UInt8])
    /// Events were skipped; the text says which and why.
    case gap(String)
}

/// One stream read in order from a place.
package protocol EventTail: Sendable {
    /// The next items: as soon as some are there, else none after the time given.
    func next(within limit: Duration) async throws -> [TailItem]
    /// Why nothing comes at the moment; nil when all is well.
    func problem() -> String?
    /// Stops reading.
    func close() async
}

/// What is known about a stream.
package struct StreamFacts: Sendable, Equatable {
    package let firstSequence: UInt64
    package let lastSequence: UInt64
    package let messages: UInt64
    package let bytes: UInt64

    /// A stream's facts.
    package init(firstSequence: UInt64, lastSequence: UInt64, messages: UInt64, bytes: UInt64) {
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.messages = messages
        self.bytes = bytes
    }
}

/// A subject's newest event.
package struct LastEvent: Sendable, Equatable {
    package let sequence: UInt64
    /// When the stream stored it.
    package let time: Timestamp

    /// What is known of it.
    package init(sequence: UInt64, time: Timestamp) {
        self.sequence = sequence
        self.time = time
    }
}

/// The event streams as commands use them.
package protocol EventStreams: Sendable {
    /// Waits until there is a connection; false when there is none after the time given.
    func connected(within limit: Duration) async -> Bool
    /// Reads a stream from a place.
    func tail(stream: String, subjects: [String], from start: TailStart) throws -> any EventTail
    /// Publishes and waits until the stream has it.
    func publish(subject: String, payload: [UInt8], messageID: String) async throws
    /// The newest event on exactly this subject; nil where the stream holds none.
    func last(stream: String, subject: String) async throws -> LastEvent?
    /// Asks whoever answers on a subject, and returns the answer.
    func ask(subject: String, payload: [UInt8], within limit: Duration) async throws -> [UInt8]
    /// A stream's facts; nil when there is none of that name.
    func facts(stream: String) async throws -> StreamFacts?
    /// Ends the connection.
    func close() async
}

/// What Redis tells about itself.
package struct RedisFacts: Sendable, Equatable {
    package let version: String
    /// What it forgets when its memory is full; nil where it does not tell.
    package let evictionPolicy: String?

    /// Redis' facts.
    package init(version: String, evictionPolicy: String?) {
        self.version = version
        self.evictionPolicy = evictionPolicy
    }
}

/// How commands reach the servers that only the application names.
package struct Backends: Sendable {
    /// Opens the event streams at a URL. Does not wait for a connection.
    package let events: @Sendable (_ url: String) throws -> any EventStreams
    /// Asks Redis about itself; throws when it does not answer.
    package let redisFacts: @Sendable (_ url: String) async throws -> RedisFacts
    /// Completes when the operator asks the process to end (ctrl-C).
    package let interrupted: @Sendable () async -> Void

    /// The given ends.
    package init(
        events: @escaping @Sendable (String) throws -> any EventStreams,
        redisFacts: @escaping @Sendable (String) async throws -> RedisFacts,
        interrupted: @escaping @Sendable () async -> Void
    ) {
        self.events = events
        self.redisFacts = redisFacts
        self.interrupted = interrupted
    }
}
