internal import Concurrency
package import Events
package import NATS

extension Streams {
    /// What the stream keeps: files, `replicas` copies, 7 days of accounting, 30 of everything else, 90 of dead
    /// letters; a full stream refuses new messages and forgets none.
    package func configuration(replicas: Int = 1) -> StreamConfiguration {
        let days: Int64 =
            switch self {
            case .accounting: 7
            case .domain, .commands: 30
            case .deadLetter: 90
            }
        return StreamConfiguration(
            name: name,
            subjects: subjects,
            retention: self == .commands ? .workQueue : .limits,
            maximumAge: .seconds(days * 86_400),
            replicas: replicas
        )
    }

    /// Makes the streams or brings their settings in line. Throws `NATSError`: `.destructiveChange` where a stream of
    /// that name exists with settings that cannot be changed without losing messages.
    @discardableResult
    package static func ensure(
        _ streams: [Streams] = Streams.allCases,
        on client: NATSClient,
        replicas: Int = 1
    ) async throws -> [Streams: EnsureResult] {
        let admin = try JetStreamAdmin(client)
        var results: [Streams: EnsureResult] = [:]
        for stream in streams {
            results[stream] = try await admin.ensureStream(stream.configuration(replicas: replicas))
        }
        return results
    }

    /// The same for a daemon's start: tries again until NATS is there. Throws when cancelled, and for what another
    /// attempt cannot cure.
    package static func ensureWhenReady(
        _ streams: [Streams] = Streams.allCases,
        on client: NATSClient,
        replicas: Int = 1
    ) async throws {
        var backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(2))
        while true {
            do {
                try await ensure(streams, on: client, replicas: replicas)
                return
            } catch let error as NATSError where error.disposition == .retry {
                try await pause(for: backoff.next())
            }
        }
    }
}
