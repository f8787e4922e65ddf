import Domain
import Events
import SharedTesting
import Testing

@testable import APIGateway

@Suite(.proves("WS-06", "TEN-03")) struct LiveScopeTests {
    private func scope(_ role: Role, _ tenant: UInt64, customer: UInt64? = nil, _ grants: Set<Permission> = [])
        -> LiveScope
    {
        LiveScope(.sample(role, LiveSample.tenant(tenant), customer: customer, grants: grants))
    }

    private let tree = LiveScope.tree(LiveBench.parents)

    @Test func `one sees one's own tenant and those below, never those above or beside`() throws {
        let seen = try (1...4).map { tenant in
            try (1...4).filter { other in
                scope(.nocEngineer, UInt64(tenant)).covers(
                    try LiveSample.event(1, LiveSample.tenant(UInt64(other))),
                    in: tree
                )
            }
        }
        #expect(seen == [[1, 2, 3, 4], [2, 4], [3], [4]])
    }

    @Test func `what is about the installation is the operator's alone`() throws {
        let event = try LiveSample.event(1, LiveScope.nobody, kind: "radius.refused")
        #expect(scope(.nocEngineer, 1).covers(event, in: tree))
        for tenant: UInt64 in 2...4 { #expect(!scope(.tenantAdmin, tenant).covers(event, in: tree)) }
    }

    @Test func `a customer who may watch sees what is his alone`() throws {
        let me = scope(.customer, 2, customer: 10, [.tailRead])
        let tenant = LiveSample.tenant(2)
        #expect(me.covers(try LiveSample.event(1, tenant, customer: 10), in: tree))
        #expect(!me.covers(try LiveSample.event(1, tenant, customer: 11), in: tree))
        #expect(!me.covers(try LiveSample.event(1, tenant), in: tree))
        #expect(!me.covers(try LiveSample.event(1, LiveSample.tenant(4), customer: 10), in: tree))
        // An event about several people is nobody's own.
        let deltas =
            #"{"tenantid":"\#(tenant)","time":"t","data":{"deltas":[{"customerId":"\#(LiveSample.id(10))"},{"serviceId":"x"}]}}"#
        let usage = try LiveEvent(sequence: 1, subject: "usage.advanced.\(tenant)", json: Array(deltas.utf8))
        #expect(usage.about.customers == [CustomerID(LiveSample.id(10))])
        #expect(!me.covers(usage, in: tree))
    }

    @Test func `each kind asks for its permission, and interception for none that there is`() throws {
        let tenant = LiveSample.tenant(1)
        let admin = scope(.superAdmin, 1)
        let technician = scope(.technician, 1)
        for kind in ["session.started", "radius.access", "identity.login_failed", "messaging.dead_lettered"] {
            let event = try LiveSample.event(1, tenant, kind: kind)
            #expect(admin.covers(event, in: tree), "\(kind)")
            #expect(!technician.covers(event, in: tree), "\(kind)")
        }
        let support = scope(.support, 1)
        #expect(!support.covers(try LiveSample.event(1, tenant, kind: "messaging.dead_lettered"), in: tree))
        for role in Role.allCases {
            #expect(!scope(role, 1).covers(try LiveSample.event(1, tenant, kind: "intercept.started"), in: tree))
        }
    }

    @Test func `every domain of the stream has a permission`() {
        for subject in Streams.domain.subjects {
            #expect(LiveScope.permission(for: subject) != nil, "LiveScope says nothing about \(subject)")
        }
    }

    @Test func `who sees people is decided by the permission`() {
        #expect(scope(.nocEngineer, 1).mask == .revealed)
        #expect(scope(.support, 1).mask == .masked)
        #expect(scope(.support, 1, [.tailReveal]).mask == .revealed)
    }

    @Test func `an event whose subject names another tenant than it does itself is nobody's`() {
        let json = LiveSample.json(LiveSample.tenant(2))
        #expect(throws: (any Error).self) {
            try LiveEvent(sequence: 1, subject: "session.started.\(LiveSample.tenant(3))", json: json)
        }
        #expect(throws: (any Error).self) { try LiveEvent(sequence: 1, subject: "session.started", json: json) }
    }

    @Test func `in any tree nobody sees beside or above himself`() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let count = UInt64.random(in: 2...12, using: &random)
            var parents: [TenantID: TenantID?] = [LiveSample.tenant(1): nil]
            for number in 2...count {
                parents[LiveSample.tenant(number)] = LiveSample.tenant(UInt64.random(in: 1..<number, using: &random))
            }
            let tree = LiveScope.tree(parents)
            let mine = LiveSample.tenant(UInt64.random(in: 1...count, using: &random))
            let role = [Role.nocEngineer, .reseller, .tenantAdmin, .support].randomElement(using: &random) ?? .support
            let scope = LiveScope(.sample(role, mine, grants: [.tailRead]))
            for number in 1...count {
                let theirs = LiveSample.tenant(number)
                var above: TenantID? = theirs
                var isBelow = false
                while let current = above {
                    if current == mine { isBelow = true }
                    above = parents[current] ?? nil
                }
                let expected = role == .reseller ? theirs == mine : isBelow
                #expect(scope.covers(try LiveSample.event(1, theirs), in: tree) == expected)
            }
        }
    }
}
