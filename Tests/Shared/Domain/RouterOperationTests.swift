import Domain
import SharedTesting
import Testing

/// What becomes of operations on routers, and what a router shall have for a service.
@Suite struct RouterOperationTests {
    private static let now = Timestamp(secondsSince1970: 1_790_000_000)
    private static let rules = RouterOperationRules(attempts: 3, retry: .seconds(5), longestRetry: .seconds(8))
    private static let tenant = TenantID(UUID128(high: 1, low: 1))
    private static let device = DeviceID(UUID128(high: 2, low: 1))

    private static func operation(
        _ number: Int64,
        _ kind: RouterOperationKind = .syncService,
        service: UInt64 = 1,
        username: String? = nil
    ) -> RouterOperation {
        RouterOperation(
            tenantID: tenant,
            id: RouterOperationID(UUID128(high: 3, low: UInt64(number))),
            number: number,
            deviceID: device,
            kind: kind,
            serviceID: kind == .syncProfile ? nil : ServiceID(UUID128(high: 4, low: service)),
            planID: kind == .syncProfile ? PlanID(UUID128(high: 5, low: service)) : nil,
            username: username,
            requestedAt: now
        )
    }

    @Test(.proves("MTK-06")) func `a router that is away costs no attempt, however often it is tried`() {
        var operation = Self.operation(1)
        for _ in 0..<1_000 {
            operation.begin(at: Self.now)
            operation.take(.away("unreachable"), at: Self.now, Self.rules)
        }
        #expect(operation.state == .pending && operation.attempts == 0 && operation.reason == "unreachable")
        #expect(operation.nextAt == Self.now)
        operation.begin(at: Self.now)
        operation.take(.done, at: Self.now, Self.rules)
        #expect(operation.state == .done && operation.reason == nil && operation.nextAt == nil)
    }

    @Test(.proves("MTK-04")) func `a refusal is tried again, later each time, and fails with the router's words`() {
        var operation = Self.operation(1)
        var waits: [Int64] = []
        while !operation.state.isFinal {
            operation.begin(at: Self.now)
            let text = String(repeating: "n", count: 500)
            operation.take(.refused("failure", detail: text), at: Self.now, Self.rules)
            if let next = operation.nextAt { waits.append(next.microseconds(since: Self.now) / 1_000_000) }
        }
        #expect(waits == [5, 8] && operation.attempts == 3 && operation.state == .failed)
        #expect(operation.reason == "failure" && operation.detail?.count == 200)
        operation.take(.done, at: Self.now, Self.rules)
        #expect(operation.state == .failed && !operation.begin(at: Self.now))
    }

    @Test func `who is gone is not named any longer than it takes`() {
        var operation = Self.operation(1, .removeService, username: "ann")
        operation.take(.away("timeout"), at: Self.now, Self.rules)
        #expect(operation.username == "ann")
        operation.take(.done, at: Self.now, Self.rules)
        #expect(operation.username == nil)
    }

    @Test(.proves("MTK-04")) func `of several of one service the last is done, and one that waits holds nobody up`() {
        var refused = Self.operation(2, service: 2)
        refused.take(.refused("failure", detail: "no"), at: Self.now, Self.rules)
        let open = [
            Self.operation(5, .removeService, username: "ann"), Self.operation(4), refused, Self.operation(1),
            Self.operation(3, .disconnectService), Self.operation(6, .syncProfile),
        ]
        let agenda = RouterAgenda(open, at: Self.now)
        #expect(agenda.due.map(\.number) == [3, 4, 5, 6])
        #expect(agenda.superseded.map(\.number) == [1])
        #expect(agenda.superseded.allSatisfy { $0.state == .superseded && $0.reason == "replaced" })
        let later = RouterAgenda(open, at: Self.now + .seconds(5))
        #expect(later.due.map(\.number) == [2, 3, 4, 5, 6])
    }

    @Test(.proves("MTK-04", "MTK-06")) func `whatever routers answer, each operation ends and the last word stands`() {
        for seed in UInt64(1)...200 {
            var random = SplitMix(seed)
            var open = (1...Int64(random.below(12) + 1)).map { Self.operation($0, service: UInt64(random.below(3))) }
            let newest = Dictionary(open.map { ($0.serviceID, $0.number) }, uniquingKeysWith: max)
            var now = Self.now
            var done: [Int64] = []
            var outages = 20
            var rounds = 0
            while !open.isEmpty {
                rounds += 1
                guard rounds < 200 else {
                    Issue.record("it does not end: seed \(seed)")
                    break
                }
                let agenda = RouterAgenda(open, at: now)
                let order = agenda.due.map(\.number)
                #expect(order == order.sorted(), "seed \(seed)")
                open.removeAll { operation in agenda.superseded.contains { $0.id == operation.id } }
                for var operation in agenda.due {
                    operation.begin(at: now)
                    let dice = random.below(3)
                    let answer: RouterOperationAnswer =
                        switch dice {
                        case 0 where outages > 0: .away("unreachable")
                        case 1: .refused("failure", detail: "no")
                        default: .done
                        }
                    if case .away = answer { outages -= 1 }
                    operation.take(answer, at: now, Self.rules)
                    #expect(operation.attempts <= Self.rules.attempts, "seed \(seed)")
                    open.removeAll { $0.id == operation.id }
                    if operation.state.isFinal {
                        done.append(operation.number)
                    } else {
                        open.append(operation)
                        // An outage ends the round: what is behind it waits its turn.
                        if case .away = answer { break }
                    }
                }
                now = now + .seconds(5)
            }
            #expect(Set(done) == Set(newest.values), "seed \(seed)")
        }
    }

    // MARK: - Wishes

    private static func plan(parent: String? = nil, profile: BandwidthProfile? = nil) throws -> RouterPlan {
        let plan = Plan(
            tenantID: tenant,
            id: PlanID(UUID128(high: 5, low: 1)),
            name: "Home",
            downloadBitsPerSecond: 50_000_000,
            uploadBitsPerSecond: 10_000_000,
            price: try Money("19.9", currency: .euro)
        )
        var settings = PlanAdvancedSettings(tenantID: tenant, planID: plan.id)
        settings.parentQueue = parent
        settings.addressPool = "home"
        return RouterPlan(plan, settings, profile)
    }

    private static func service(_ status: ServiceStatus, _ plan: RouterPlan) -> RouterService {
        RouterService(id: ServiceID(UUID128(high: 4, low: 1)), username: "ann", status: status, plan: plan)
    }

    private func isEnabled(_ service: RouterService) -> Bool? {
        guard case .present(let secret) = RouterWish(service, at: Self.now) else { return nil }
        return secret.isEnabled
    }

    @Test(.proves("MTK-05", "LCY-07", "LCY-08"))
    func `a secret is there while its service is, and lets in who may come in`() throws {
        let plan = try Self.plan()
        let expected: [(ServiceStatus, Bool?)] = [
            (.pending, nil), (.active, true), (.suspended, false), (.terminated, nil),
        ]
        for (status, wanted) in expected { #expect(isEnabled(Self.service(status, plan)) == wanted, "\(status)") }
        let edits: [(String, Bool?, (inout RouterService) -> Void)] = [
            ("customer suspended", false, { $0.customerStatus = .suspended }),
            ("customer gone", nil, { $0.customerStatus = .terminated }),
            ("tenant inactive", false, { $0.isTenantActive = false }), ("no password", nil, { $0.hasPassword = false }),
            ("over", false, { $0.expiresAt = Self.now }), ("not over", true, { $0.expiresAt = Self.now + .seconds(1) }),
            ("blocked", false, { $0.blockedUntil = Self.now + .seconds(1) }),
            ("blocked no more", true, { $0.blockedUntil = Self.now }),
        ]
        for (name, wanted, edit) in edits {
            var service = Self.service(.active, plan)
            edit(&service)
            #expect(isEnabled(service) == wanted, "\(name)")
        }
    }

    @Test(.proves("MTK-07"))
    func `a queue of its own has who has a fixed address and a shared parent, and then no other limit`() throws {
        var service = Self.service(.active, try Self.plan(parent: "tower"))
        guard case .present(let shared) = RouterWish(service, at: Self.now) else { throw Missing() }
        #expect(!shared.hasQueue && shared.profile == service.plan.profileName)
        service.staticIPv4 = IPAddress("192.0.2.9")
        guard case .present(let queued) = RouterWish(service, at: Self.now) else { throw Missing() }
        #expect(queued.hasQueue && queued.profile == service.plan.queuedProfileName)
        #expect(queued.address == IPAddress("192.0.2.9"))
        service.plan = try Self.plan()
        guard case .present(let plain) = RouterWish(service, at: Self.now) else { throw Missing() }
        #expect(!plain.hasQueue && plain.profile == service.plan.profileName)
    }

    @Test(.proves("MTK-07")) func `a bandwidth profile counts in place of the plan's own speeds, and its pool stays`()
        throws
    {
        let speed = SpeedProfile(rate: SpeedPair(download: 7, upload: 3))
        var profile = BandwidthProfile(
            tenantID: Self.tenant,
            id: BandwidthProfileID(UUID128(high: 6, low: 1)),
            name: "slow",
            speed: speed
        )
        profile.parentQueue = "edge"
        let plan = try Self.plan(parent: "tower", profile: profile)
        #expect(plan.speed == speed && plan.parentQueue == "edge" && plan.addressPool == "home")
    }

    private struct Missing: Error {}
}

/// Numbers of a seed, the same ones each time.
private struct SplitMix {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func below(_ bound: UInt64) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return Int((value ^ value >> 31) % bound)
    }
}
