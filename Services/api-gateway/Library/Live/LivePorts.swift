package import Domain
package import HTTPServer
package import Identity
package import Messaging

/// Where events come from.
package protocol LiveSource: Sendable {
    /// What the stream holds now; nil where there is none yet.
    func extent() async throws -> StreamExtent?
    /// The place behind which everything stands that the stream took in at or after that time: its end where that is nothing
    /// yet, 0 where it may have removed some of it; nil where there is no stream.
    func place(at time: Timestamp) async throws -> UInt64?
    /// Everything behind that message, for ever.
    func open(after sequence: UInt64) throws -> any LiveReader
}

/// One reader of the source, for one task.
package protocol LiveReader: Sendable {
    /// What comes within `limit`, perhaps nothing.
    func next(maximum: Int, within limit: Duration) async throws -> [TailedMessage]
    func close() async
}

extension EventTails: LiveSource {
    package func open(after sequence: UInt64) throws -> any LiveReader {
        let tail: EventTail = try open(after: sequence)
        return tail
    }

    package func place(at time: Timestamp) async throws -> UInt64? { try await place(at: time.microseconds) }
}

extension EventTail: LiveReader {
    package func next(maximum: Int, within limit: Duration) async throws -> [TailedMessage] {
        try await next(maximum: maximum, within: limit, gathering: .milliseconds(20))
    }
}

/// Who watches, asked again every few seconds as long as he does.
package enum LiveStanding: Sendable {
    case allowed(Principal)
    case refused
    /// Nobody who knows can be asked at the moment.
    case unknown
}

/// What tails need of the rest of the gateway.
package struct LiveDependencies: Sendable {
    /// Whether the request's token or key still stands for somebody.
    package let standing: @Sendable (Request) async -> LiveStanding
    /// Every tenant with its parent.
    package let tenants: @Sendable () async throws -> [TenantID: TenantID?]
    /// Puts on record who watches what. A tail that cannot be recorded does not begin.
    package let record: @Sendable (Principal, Request, _ filter: String) async throws -> Void
    /// Whether pages of that origin may open a WebSocket.
    package let allowsOrigin: @Sendable (_ origin: String?, Request) -> Bool
    /// What time it is.
    package let now: @Sendable () -> Timestamp

    package init(
        standing: @escaping @Sendable (Request) async -> LiveStanding,
        tenants: @escaping @Sendable () async throws -> [TenantID: TenantID?],
        record: @escaping @Sendable (Principal, Request, String) async throws -> Void,
        allowsOrigin: @escaping @Sendable (String?, Request) -> Bool,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.standing = standing
        self.tenants = tenants
        self.record = record
        self.allowsOrigin = allowsOrigin
        self.now = now
    }
}
