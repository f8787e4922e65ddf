import Concurrency
import Domain
import Events
import HTTPServer
import Identity
import Lifecycle
import Messaging
import NATS
import Observability
import SharedTesting
import Synchronization
import Testing
import WireFormat

@testable import APIGateway

/// Events as the stream holds them.
enum LiveSample {
    static let time = "2026-11-20T10:00:00.123456Z"

    static func id(_ number: UInt64) -> UUID128 {
        UUID128(high: 0x0192_a3b4_0000_7000, low: 0x8000_0000_0000_0000 + number)
    }

    static func tenant(_ number: UInt64) -> TenantID { TenantID(id(number)) }

    static func json(
        _ tenant: TenantID,
        kind: String = "session.started",
        username: String = "alice@example.net",
        customer: UInt64? = nil,
        nas: String = "edge-1"
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, value) in [
            ("specversion", "1.0"), ("id", id(7).description), ("source", "/tests"), ("type", "nexora." + kind),
            ("time", time), ("datacontenttype", "application/json"), ("tenantid", tenant.description),
        ] {
            writer.key(string: name)
            writer.value(value)
        }
        writer.key("data")
        writer.beginObject()
        writer.key("username")
        writer.value(username)
        writer.key("nasName")
        writer.value(nas)
        if let customer {
            writer.key("customerId")
            writer.value(id(customer).description)
        }
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }

    static func event(
        _ sequence: UInt64,
        _ tenant: TenantID,
        kind: String = "session.started",
        username: String = "alice@example.net",
        customer: UInt64? = nil,
        nas: String = "edge-1"
    ) throws -> LiveEvent {
        try LiveEvent(
            sequence: sequence,
            subject: "\(kind).\(tenant)",
            json: json(tenant, kind: kind, username: username, customer: customer, nas: nas)
        )
    }
}

/// A stream in memory: sequences from 1 on, the oldest of which can be dropped. What is added takes the stream's time, which
/// stands still unless it is said.
final class MemoryStream: LiveSource {
    struct Message {
        let sequence: UInt64
        let subject: String
        let payload: [UInt8]
        let time: Timestamp
    }

    private struct State {
        var messages: [Message] = []
        var lastTime = Timestamp.epoch
        var isAway = false
        var isHeld = false
        var questions = 0
        var first: UInt64 = 1
        var last: UInt64 = 0
    }

    private let state = Mutex(State())

    @discardableResult
    func add(_ kind: String, _ tenant: TenantID, _ payload: [UInt8], at time: Timestamp? = nil) -> UInt64 {
        state.withLock { state in
            state.last += 1
            state.lastTime = time ?? state.lastTime
            let subject = "\(kind).\(tenant)"
            state.messages.append(
                Message(sequence: state.last, subject: subject, payload: payload, time: state.lastTime)
            )
            return state.last
        }
    }

    func drop(through sequence: UInt64) {
        state.withLock { state in
            state.messages.removeAll { $0.sequence <= sequence }
            state.first = max(state.first, sequence + 1)
        }
    }

    func extent() -> StreamExtent? { state.withLock { StreamExtent(first: $0.first, last: $0.last) } }

    /// Whether nobody reads anything of it for now.
    func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }

    /// Whether it is asked in vain for the place of a time.
    func leave(_ isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// How often it was asked for the place of a time.
    var questions: Int { state.withLock { $0.questions } }

    func place(at time: Timestamp) throws -> UInt64? {
        try state.withLock { state in
            state.questions += 1
            guard !state.isAway else { throw NATSError(.disconnected, "test") }
            guard state.lastTime >= time else { return state.last }
            guard let found = state.messages.first(where: { $0.time >= time }) else { return 0 }
            return found.sequence <= state.first ? 0 : found.sequence - 1
        }
    }

    func open(after sequence: UInt64) -> any LiveReader { MemoryReader(self, after: sequence) }

    /// At most so many behind a place, and what is missing before them.
    fileprivate func read(after sequence: UInt64, _ maximum: Int) -> [TailedMessage] {
        state.withLock { state in
            guard !state.isHeld else { return [] }
            var found: [TailedMessage] = []
            if sequence + 1 < state.first { found.append(.removed(from: sequence + 1, through: state.first - 1)) }
            let messages = state.messages.drop { $0.sequence <= sequence }.prefix(maximum)
            return found + messages.map { .message(sequence: $0.sequence, subject: $0.subject, payload: $0.payload) }
        }
    }
}

private final class MemoryReader: LiveReader {
    private let stream: MemoryStream
    private let place: Mutex<UInt64>

    init(_ stream: MemoryStream, after sequence: UInt64) {
        self.stream = stream
        place = Mutex(sequence)
    }

    func next(maximum: Int, within limit: Duration) async throws -> [TailedMessage] {
        let end = Deadline.after(limit)
        while true {
            let found = stream.read(after: place.withLock { $0 }, maximum)
            if case .message(let sequence, _, _)? = found.last { place.withLock { $0 = sequence } }
            if case .removed(_, let through)? = found.last { place.withLock { $0 = through } }
            if !found.isEmpty || end.hasPassed { return found }
            try await pause(for: .milliseconds(1))
        }
    }

    func close() {}
}

/// A client that notes what it gets; it can be made to take nothing for a while.
final class NotingOutput: LiveOutput {
    struct Noted {
        var events: [(sequence: UInt64, json: String)] = []
        var notices: [LiveNotice] = []
        /// Everything by its name or number, in the order it came in.
        var story: [String] = []
        var isStuck = false
    }

    let transport = "test"
    private let noted = Mutex(Noted())

    func send(_ entry: LiveEntry, as mask: EventMask) async throws {
        while noted.withLock({ $0.isStuck }) { try await pause(for: .milliseconds(1)) }
        let json = String(decoding: try mask.applied(to: entry.event.json), as: UTF8.self)
        noted.withLock { noted in
            noted.events.append((entry.event.sequence, json))
            noted.story.append("\(entry.event.sequence)")
        }
    }

    func send(_ notice: LiveNotice) async throws {
        noted.withLock { noted in
            noted.notices.append(notice)
            noted.story.append(notice.name)
        }
    }

    func stick(_ isStuck: Bool) { noted.withLock { $0.isStuck = isStuck } }

    var sequences: [UInt64] { noted.withLock { $0.events.map(\.sequence) } }
    var texts: [String] { noted.withLock { $0.events.map(\.json) } }
    var notices: [LiveNotice] { noted.withLock { $0.notices } }
    var story: [String] { noted.withLock { $0.story } }
    /// Where it was told that what follows is live, each time.
    var live: [UInt64] { notices.compactMap { if case .live(let sequence) = $0 { sequence } else { nil } } }
    var gaps: [LiveNotice] { notices.filter { if case .gap = $0 { true } else { false } } }
    var isReady: Bool { notices.contains { if case .ready = $0 { true } else { false } } }
}

/// A feed over a stream, with tenants: the operator 1, its providers 2 and 3, and 2's reseller 4.
struct LiveBench {
    let feed: LiveFeed
    let histories: LiveHistories
    let registry = MetricsRegistry()

    static let parents: [TenantID: TenantID?] = [
        LiveSample.tenant(1): nil, LiveSample.tenant(2): LiveSample.tenant(1),
        LiveSample.tenant(3): LiveSample.tenant(1),
        LiveSample.tenant(4): LiveSample.tenant(2),
    ]

    init(_ source: any LiveSource, events: Int = 20_000, histories maximum: Int = 16) {
        var settings = LiveSettings()
        settings.events = events
        let metrics = LiveMetrics(registry)
        let logger = Logger(service: "test", level: .fatal, sink: MemoryLogSink())
        histories = LiveHistories(source, maximum: maximum, metrics: metrics)
        feed = LiveFeed(
            source,
            tenants: LiveTenants({ Self.parents }, logger: logger),
            settings: settings,
            metrics: metrics,
            health: Health(version: "test").component("live"),
            logger: logger
        )
    }

    /// Runs the feed beside `body`.
    func running(_ body: @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await feed.run() }
            try await eventually { feed.end != nil }
            try await body()
            group.cancelAll()
        }
    }

    func tail(
        _ output: NotingOutput,
        _ request: LiveRequest,
        for audience: LiveAudience = .watchers,
        follows: Bool = true,
        renewal: Duration = .seconds(60),
        standing: @escaping @Sendable () async -> LiveStanding = { .unknown }
    ) -> LiveTail<NotingOutput> {
        LiveTail(
            feed: feed,
            audience: audience,
            output: output,
            request: request,
            follows: follows,
            histories: histories,
            sent: {},
            skipped: { _ in },
            standing: standing,
            renewal: renewal
        )
    }

    /// Runs one tail beside `body`.
    func watching(
        _ principal: Principal,
        _ filter: LiveFilter? = LiveFilter(),
        _ start: LiveStart? = .now,
        for audience: LiveAudience = .watchers,
        _ body: @Sendable (NotingOutput, LiveRequest, UInt64) async throws -> Void
    ) async throws {
        let output = NotingOutput()
        let request = LiveRequest(filter, start)
        let id = feed.newID()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await tail(output, request, for: audience).run(id, as: principal) }
            try await body(output, request, id)
            group.cancelAll()
        }
    }
}

extension Principal {
    /// Somebody of that role at home in that tenant.
    static func sample(_ role: Role, _ tenant: TenantID, customer: UInt64? = nil, grants: Set<Permission> = [])
        -> Principal
    {
        Principal(
            actor: Actor(
                userID: UserID(LiveSample.id(500)),
                tenantID: tenant,
                role: role,
                customerID: customer.map { CustomerID(LiveSample.id($0)) },
                permissions: role.permissions.union(grants)
            ),
            proof: .apiKey(APIKeyID(LiveSample.id(501)))
        )
    }
}
