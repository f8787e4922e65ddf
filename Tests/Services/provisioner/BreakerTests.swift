import CoA
import Concurrency
import Domain
import Events
import Lifecycle
import NATS
import Observability
import Persistence
import Postgres
import SharedTesting
import Sockets
import Synchronization
import Testing

@testable import Provisioner

/// Breakers as they stand, by endpoint; what is reset is kept.
private final class ModelBreakers: BreakerKeeping {
    private let peers: [SourceAddress: ControlEngine.PeerState]
    private let closed = Mutex<[SourceAddress]>([])

    init(_ peers: [SourceAddress: ControlEngine.PeerState]) { self.peers = peers }

    var wereReset: [SourceAddress] { closed.withLock { $0 } }

    func peer(_ destination: SourceAddress) -> ControlEngine.PeerState? { peers[destination] }
    func resetBreaker(_ destination: SourceAddress) { closed.withLock { $0.append(destination) } }
}

/// Rows of NASes; those that are woken are kept.
private final class ModelBook: BreakerBook {
    private let rows: [NASEndpoint]
    private let isAway: Bool
    private let woken = Mutex<[(endpoint: NASEndpoint, reason: EnforcementReason)]>([])

    init(_ rows: [NASEndpoint], isAway: Bool = false) {
        self.rows = rows
        self.isAway = isAway
    }

    var wereWoken: [NASEndpoint] { woken.withLock { $0.filter { $0.reason == .breakerOpen }.map(\.endpoint) } }
    var wereLetGo: [NASEndpoint] { woken.withLock { $0.filter { $0.reason == .braked }.map(\.endpoint) } }

    func endpoints(_ nases: [(tenant: TenantID, nas: NASID)]) async throws(StorageFault) -> [NASEndpoint] {
        if isAway { throw .outage("away") }
        return nases.compactMap { wanted in
            rows.first { $0.tenantID == wanted.tenant && $0.nasID == wanted.nas }
        }
    }

    func wake(_ nases: [NASEndpoint], waitingFor reason: EnforcementReason, at now: Timestamp)
        async throws(StorageFault)
    {
        woken.withLock { woken in woken += nases.map { ($0, reason) } }
    }
}

private let tenant = TenantID(UUID128(high: 1, low: 1))
private let now = Timestamp(secondsSince1970: 1_790_000_000)

/// Twenty seconds after the beginning of the monotonic clock.
private let moment: UInt64 = 20_000_000_000

private func endpoint(_ number: UInt64, _ address: String?, isShared: Bool = false) -> NASEndpoint {
    NASEndpoint(
        tenantID: tenant,
        nasID: NASID(UUID128(high: 2, low: number)),
        address: address.flatMap { IPAddress($0) },
        port: 3_799,
        isShared: isShared
    )
}

private func place(_ endpoint: NASEndpoint) throws -> SourceAddress {
    SourceAddress(try #require(endpoint.address), port: endpoint.port)
}

private func subject(_ endpoint: NASEndpoint) -> BreakerQuery.Subject {
    BreakerQuery.Subject(tenantID: endpoint.tenantID, nasID: endpoint.nasID)
}

/// Open for five seconds more, with five requests in hand.
private let open = ControlEngine.PeerState(
    breaker: .open,
    failures: 3,
    openings: 2,
    opensAgain: moment + 5_000_000_000,
    outstanding: 1,
    waiting: 4
)

private let idle = NASBreaker.Brake()

private func desk(
    _ book: ModelBook,
    _ breakers: any BreakerKeeping,
    isLeading: Bool = true,
    brake: SessionBrake = .testing()
) -> BreakerDesk {
    BreakerDesk(
        book: book,
        breakers: breakers,
        brake: brake,
        isLeading: { isLeading },
        time: TimeSource { now },
        monotonic: { moment }
    )
}

private func breakers(_ answer: [UInt8]?) throws -> [NASBreaker] {
    guard case .breakers(let breakers) = try BreakerAnswer(json: try #require(answer)) else { return [] }
    return breakers
}

/// Answers about breakers.
@Suite(.proves("COA-05", "PLT-35")) struct BreakerTests {
    @Test func `a NAS is told as its endpoint stands, and one that nobody asked yet is closed`() async throws {
        let (known, new) = (endpoint(1, "192.0.2.1"), endpoint(2, "2001:db8::2"))
        let range = endpoint(3, nil)
        let book = ModelBook([known, new, range])
        let desk = desk(book, ModelBreakers([try place(known): open]))
        let gone = BreakerQuery.Subject(tenantID: tenant, nasID: NASID(UUID128(high: 9, low: 9)))
        let query = BreakerQuery([subject(new), gone, subject(known), subject(range)])
        #expect(
            try breakers(await desk.answer(query.json, .look)) == [
                NASBreaker(nasID: new.nasID, endpoint: "[2001:db8::2]:3799", outstanding: 0, waiting: 0, brake: idle),
                NASBreaker(
                    nasID: known.nasID,
                    endpoint: "192.0.2.1:3799",
                    state: "open",
                    failures: 3,
                    openings: 2,
                    until: now + .seconds(5),
                    outstanding: 1,
                    waiting: 4,
                    brake: idle
                ),
                NASBreaker(nasID: range.nasID, endpoint: nil, brake: idle),
            ]
        )
        #expect(book.wereWoken.isEmpty)
    }

    @Test(.proves("TEN-05")) func `of one that is another's too nothing of the other is told, and no tenant resets it`()
        async throws
    {
        let shared = endpoint(1, "192.0.2.1", isShared: true)
        let own = endpoint(2, "192.0.2.2")
        let query = BreakerQuery([subject(shared), subject(own)])
        let (book, model) = (ModelBook([shared, own]), ModelBreakers([try place(shared): open, try place(own): open]))
        let told = try breakers(await desk(book, model).answer(query.json, .reset))
        #expect(told.map(\.wasReset) == [false, true])
        #expect(told.map(\.isShared) == [true, false])
        #expect(told[0].outstanding == nil && told[0].waiting == nil && told[0].state == "open")
        #expect(model.wereReset == [try place(own)])
        #expect(book.wereWoken == [own])
        // The installation's own people may.
        let all = BreakerQuery(query.nases, includesShared: true)
        #expect(try breakers(await desk(book, model).answer(all.json, .reset)).allSatisfy(\.wasReset))
        #expect(model.wereReset == [try place(own), try place(shared), try place(own)])
    }

    @Test(.proves("COA-06"))
    func `a brake that holds is told and released, the tenant's with it, and what waited is due`()
        async throws
    {
        let (nas, other) = (endpoint(1, "192.0.2.1"), endpoint(2, nil))
        let brake = SessionBrake.testing(DisconnectBrake.Rules(floor: 1, trickle: 0), clock: { now })
        func ends(_ number: UInt64, _ endpoint: NASEndpoint) -> Bool {
            let session = SessionRef(tenantID: tenant, id: SessionID(UUID128(high: 4, low: number)))
            return brake.pause(session, on: endpoint.nasID) == nil
        }
        #expect(ends(1, nas) && !ends(2, nas) && !ends(3, other))
        let book = ModelBook([nas, other])
        let desk = desk(book, ModelBreakers([:]), brake: brake)
        let told = try breakers(await desk.answer(BreakerQuery([subject(nas), subject(other)]).json, .look))
        #expect(told.map(\.brake?.state) == ["holding", "holding"] && told.map(\.brake?.held) == [1, 1])
        #expect(book.wereLetGo.isEmpty)
        let released = try breakers(await desk.answer(BreakerQuery([subject(nas)]).json, .release))
        #expect(released.first?.brake == NASBreaker.Brake(releasedUntil: now + .seconds(900)))
        #expect(book.wereLetGo == [nas] && book.wereWoken.isEmpty)
        #expect(ends(2, nas) && ends(3, nas) && ends(4, other) && !ends(5, other), "the other NAS has its own limit")
    }

    @Test func `who does not lead is silent, and who cannot know says so`() async throws {
        let nas = endpoint(1, "192.0.2.1")
        let query = BreakerQuery([subject(nas)])
        let model = ModelBreakers([:])
        #expect(await desk(ModelBook([nas]), model, isLeading: false).answer(query.json, .reset) == nil)
        #expect(model.wereReset.isEmpty)
        func refused(_ book: ModelBook, _ payload: [UInt8]) async throws -> QueryRefusal.Code? {
            let answer = try #require(await desk(book, model).answer(payload, .look))
            guard case .refusal(let refusal) = try BreakerAnswer(json: answer) else { return nil }
            return refusal.code
        }
        #expect(try await refused(ModelBook([nas], isAway: true), query.json) == .notReady)
        #expect(try await refused(ModelBook([nas]), [1, 2]) == .invalid)
        let many = BreakerQuery(Array(repeating: subject(nas), count: BreakerQuery.mostNASes + 1))
        #expect(try await refused(ModelBook([nas]), many.json) == .invalid)
    }

    @Test func `of two processes the one that leads answers, with rows as they are and orders that wait no longer`()
        async throws
    {
        let world = try await ProvisionerWorld()
        let order = try await world.waiting()
        let row = NASEndpoint(
            tenantID: world.tenant,
            nasID: world.nas.id,
            address: world.nas.address.address,
            port: UInt16(clamping: world.nas.coaPort),
            isShared: false
        )
        let model = ModelBreakers([try place(row): open])
        let leading = try world.breakers(model, isLeading: true)
        let resting = try world.breakers(model, isLeading: false)
        let query = BreakerQuery([.init(tenantID: world.tenant, nasID: world.nas.id)])
        let signal = ShutdownSignal()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in [leading, resting] {
                group.addTask {
                    try await GracefulShutdown.$signal.withValue(signal) { try await service.run() }
                }
            }
            defer { signal.raise() }
            try await world.client.flush()
            for action in [BreakerQuery.Action.look, .reset] {
                let answer = try await world.client.request(action.subject, query.json, within: .seconds(10))
                let told = try #require(try breakers(answer).first)
                #expect(told.endpoint == "10.0.0.1:3799" && told.state == "open" && told.failures == 3)
                #expect(told.wasReset == (action == .reset) && !told.isShared)
            }
        }
        #expect(model.wereReset == [try place(row)])
        let due = try await world.pipeline.query(
            "SELECT next_at < now() + interval '1 second' FROM enforcements WHERE id = $1",
            [.id(order)]
        )
        #expect(due.first?[0].bool == true)
        await world.close()
    }

    @Test(.proves("COA-08")) func `each lesson that can be learned has its words`() {
        let set = IdentitySet(.userName, .acctSessionID)
        let lessons =
            ChangeKind.allCases.map { Lesson.cannotChange($0) } + [
                .takesNoChange, .takesNoDisconnect, .proven(set), .refused(set), .knowsItselfOtherwise,
                .wantsEventTimestamp,
            ]
        let words = lessons.map { NASLesson(text: $0.text, learnedAt: now).summary }
        #expect(words.allSatisfy { $0.hasPrefix("It ") && $0.hasSuffix(".") }, "\(words)")
        #expect(Set(words).count == words.count)
        #expect(words.contains("It finds sessions by user-name and acct-session-id."))
        #expect(NASLesson(text: "sings:well", learnedAt: now).summary == "sings:well")
    }
}

extension ProvisionerWorld {
    /// An order that waits for its NAS's breaker, for an hour.
    fileprivate func waiting() async throws -> EnforcementID {
        let id: EnforcementID = ids.next()
        try await pipeline.query(
            """
            INSERT INTO enforcements (tenant_id, id, kind, cause, nas_id, session_id, state, reason, requested_at, stored_at, next_at)
            VALUES ($1, $2, 'disconnect', 'requested', $3, $4, 'pending', 'breaker_open', now(), now(), now() + interval '1 hour')
            """,
            [.id(tenant), .id(id), .id(nas.id), .id(try await session())]
        )
        return id
    }

    /// One process's service of breakers.
    fileprivate func breakers(_ model: any BreakerKeeping, isLeading: Bool) throws -> BreakerService {
        let process = ids.uuid().description
        let store = BreakerStore(pipeline)
        return BreakerService(
            desk: BreakerDesk(
                book: store,
                breakers: model,
                brake: .testing(),
                isLeading: { isLeading },
                time: Self.clock,
                monotonic: { moment }
            ),
            questions: [
                .look: try NATSBreakerQuestions(client, .look, process: process),
                .reset: try NATSBreakerQuestions(client, .reset, process: process),
            ],
            registry: MetricsRegistry()
        )
    }
}
