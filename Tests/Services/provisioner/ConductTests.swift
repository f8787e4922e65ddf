import CoA
import Crypto
import Domain
import Persistence
import RADIUS
import SharedTesting
import Sockets
import Synchronization
import Testing

@testable import Provisioner

/// A NAS that answers what it was told to answer, one answer after the other, the last one for ever.
private final class ScriptedNAS: ControlSending {
    private let answers: Mutex<[ControlOutcome]>
    private let seen = Mutex<[ControlOrder]>([])

    init(_ answers: ControlOutcome...) { self.answers = Mutex(answers) }

    var orders: [ControlOrder] { seen.withLock { $0 } }

    func send(_ order: ControlOrder) async -> ControlOutcome {
        seen.withLock { $0.append(order) }
        return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
    }
}

@Suite(.proves("COA-01", "COA-03", "COA-10", "PLT-35")) struct ConductTests {
    private static let now = Timestamp(secondsSince1970: 1_790_000_000)
    private static let secret = SharedSecret(Array("0123456789abcdef".utf8))
    private static let session = EnforcementTarget.Session(
        id: SessionID(UUID128(high: 4, low: 1)),
        username: "ann",
        acctSessionID: "8000002a",
        framedIPv4: IPAddress("100.64.0.7")
    )

    private static func device(_ address: String = "192.0.2.1/32", _ vendor: NASVendor = .mikrotik) throws
        -> EnforcementTarget.Device
    {
        EnforcementTarget.Device(
            address: try #require(IPPrefix(address)),
            identifier: nil,
            vendor: vendor,
            coaPort: 1700,
            sealedSecret: []
        )
    }

    private static func target(
        _ device: EnforcementTarget.Device?,
        session: EnforcementTarget.Session? = session,
        lessons: [String: Int64] = [:]
    ) -> EnforcementTarget {
        let order = EnforcementOrder(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: EnforcementID(UUID128(high: 2, low: 1)),
            kind: .disconnect,
            cause: .requested,
            nasID: NASID(UUID128(high: 3, low: 1)),
            sessionID: session?.id,
            admissionID: AdmissionID(UUID128(high: 5, low: 1)),
            requestedAt: now,
            storedAt: now
        )
        return EnforcementTarget(
            order: order,
            session: session,
            sight: .open(heardAt: now),
            device: device,
            lessons: lessons
        )
    }

    private static func conduct(_ nas: ScriptedNAS, secret: SharedSecret? = secret) -> Conduct {
        Conduct(sender: nas, secret: { _ in secret }, time: .fixed(now))
    }

    @Test func `a session is named as its vendor wants it, where its NAS takes requests`() async throws {
        let nas = ScriptedNAS(.acknowledged(terminateCause: nil))
        let report = await Self.conduct(nas).carryOut(Self.target(try Self.device()))
        #expect(report.answer == .acknowledged)
        let order = try #require(nas.orders.first)
        #expect(order.destination == SourceAddress(high: 0, low: 0xffff_c000_0201, port: 1700))
        #expect(order.request.kind == .disconnect && order.isUrgent && order.request.changes.isEmpty)
        let types = order.request.identification.map(\.type)
        #expect(types == [AttributeType.userName, AttributeType.nasIPAddress, AttributeType.acctSessionID])
        let set = "user-name+acct-session-id"
        let trial = EnforcementTrial(kind: .disconnect, set: set, outcome: "acknowledged")
        #expect(report.trials == [trial])
        #expect(report.learned == ["proven:\(set)": Self.now.microseconds / 1_000_000])
    }

    @Test func `what is known already is not learned again, and what turned out wrong is unlearned`() async throws {
        let second = Self.now.microseconds / 1_000_000
        let known = ["proven:user-name+acct-session-id": second - 60]
        let nas = ScriptedNAS(.acknowledged(terminateCause: nil))
        let report = await Self.conduct(nas).carryOut(Self.target(try Self.device(), lessons: known))
        #expect(report.learned.isEmpty && report.unlearned.isEmpty)
        let wrong = Dictionary(
            uniqueKeysWithValues: IdentitySet.sets(for: .mikrotik).map { ("refused:\($0.text)", second) }
        )
        let other = await Self.conduct(nas).carryOut(Self.target(try Self.device(), lessons: wrong))
        #expect(other.answer == .acknowledged && other.unlearned == ["refused:user-name+acct-session-id"])
    }

    @Test func `whatever the NAS says has its meaning`() async throws {
        let outcomes: [(ControlOutcome, EnforcementAnswer?)] = [
            (.refused(Refusal(.sessionContextNotFound)), .sessionGone),
            (.refused(Refusal(.sessionContextNotRemovable)), .refused(504)),
            (.timedOut(tries: 3, badAuthenticators: 0), .silent(isForged: false)),
            (.timedOut(tries: 3, badAuthenticators: 1), .silent(isForged: true)),
            (.notSent(.breakerOpen(until: nil)), .held(.breakerOpen, until: nil)),
            (.notSent(.queueFull), .held(.queueFull, until: nil)), (.notSent(.overdue), .held(.overdue, until: nil)),
            (.notSent(.tooLong), .impossible(.tooLong)), (.notSent(.stopped), nil), (.abandoned, nil),
        ]
        for (outcome, answer) in outcomes {
            let report = await Self.conduct(ScriptedNAS(outcome)).carryOut(Self.target(try Self.device()))
            #expect(report.answer == answer, "\(outcome)")
        }
    }

    @Test func `until when a breaker is open is told by the wall's clock`() async throws {
        let nas = ScriptedNAS(.notSent(.breakerOpen(until: .max)))
        let report = await Self.conduct(nas).carryOut(Self.target(try Self.device()))
        guard case .held(.breakerOpen, let until?) = report.answer else {
            Issue.record("\(String(describing: report.answer))")
            return
        }
        #expect(until > Self.now)
    }

    @Test func `a NAS of a range is asked where its session's packets come from, if that is within`() async throws {
        func session(_ address: String?) -> EnforcementTarget.Session {
            EnforcementTarget.Session(
                id: Self.session.id,
                username: "ann",
                acctSessionID: "8000002a",
                nasAddress: address.flatMap { IPAddress($0) }
            )
        }
        let cases: [(range: String, source: String?, low: UInt64?)] = [
            ("192.0.2.0/24", "192.0.2.77", 0xffff_c000_024d), ("192.0.2.0/24", "198.51.100.1", nil),
            ("192.0.2.0/24", nil, nil), ("192.0.2.0/24", "2001:db8::1", nil),
            // A row of one address says where, whatever was seen when it was a range.
            ("192.0.2.1/32", "192.0.2.77", 0xffff_c000_0201),
        ]
        for (range, source, low) in cases {
            let nas = ScriptedNAS(.acknowledged(terminateCause: nil))
            let report = await Self.conduct(nas).carryOut(
                Self.target(try Self.device(range), session: session(source))
            )
            #expect(
                report.answer == (low == nil ? .impossible(.noAddress) : .acknowledged),
                "\(range) \(source ?? "-")"
            )
            #expect(nas.orders.first?.destination == low.map { SourceAddress(high: 0, low: $0, port: 1700) })
            let named = nas.orders.first?.request.identification.first { $0.type == AttributeType.nasIPAddress }
            #expect(named == low.map { Attribute(AttributeType.nasIPAddress, UInt32(truncatingIfNeeded: $0)) })
        }
    }

    /// An order to change the session, and what it has and should have: its speed, and its end in an hour instead of in ten minutes.
    private static func change(
        _ cause: EnforcementCause,
        to download: Int64
    ) throws -> (EnforcementOrder, TermsSight) {
        let order = EnforcementOrder(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: EnforcementID(UUID128(high: 2, low: 2)),
            kind: .change,
            cause: cause,
            nasID: NASID(UUID128(high: 3, low: 1)),
            sessionID: session.id,
            requestedAt: now,
            storedAt: now
        )
        let wanted = SpeedProfile(rate: SpeedPair(download: download, upload: 10_000_000))
        let sight = TermsSight(
            desired: .admitted(wanted, from: .plan),
            observed: SessionTerms(
                SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000)),
                from: .plan
            ),
            end: EndShift(
                of: now - .seconds(7_200),
                endingAt: now + .seconds(600),
                wanted: now + .seconds(3_600),
                at: now
            )
        )
        return (order, sight)
    }

    @Test(.proves("COA-02", "COA-08")) func `an end is told alone or with the speed, and costs nobody the session`()
        async throws
    {
        let (renewed, sight) = try Self.change(.renewed, to: 50_000_000)
        let nas = ScriptedNAS(.acknowledged(terminateCause: nil))
        let target = Self.target(try Self.device())
        #expect(await Self.conduct(nas).carryOut(target, renewed, sight).answer == .changed)
        // Two hours have passed, and one is to come.
        #expect(nas.orders.first?.request.changes == [Attribute(AttributeType.sessionTimeout, 10_800)])
        let deaf = ScriptedNAS(.refused(Refusal(.unsupportedAttribute)))
        #expect(await Self.conduct(deaf).carryOut(target, renewed, sight).answer == .refused(401))
        #expect(deaf.orders.allSatisfy { $0.request.kind == .change })
        let huawei = Self.target(try Self.device("192.0.2.1/32", .huawei))
        #expect(await Self.conduct(nas).carryOut(huawei, renewed, sight).answer == .impossible(.cannotChange))
        let (plan, both) = try Self.change(.plan, to: 80_000_000)
        let second = ScriptedNAS(.acknowledged(terminateCause: nil))
        #expect(await Self.conduct(second).carryOut(target, plan, both).answer == .changed)
        #expect(second.orders.first?.request.changes.last == Attribute(AttributeType.sessionTimeout, 10_800))
        #expect(second.orders.first?.request.changes.count == 2)
        let known = ["proven:user-name+acct-session-id": Self.now.microseconds / 1_000_000]
        let picky = ScriptedNAS(.refused(Refusal(.unsupportedAttribute)), .acknowledged(terminateCause: nil))
        let report = await Self.conduct(picky).carryOut(
            Self.target(try Self.device(), lessons: known),
            plan,
            both
        )
        #expect(report.answer == .changedButEnd && report.learned["cannot-change:timeout"] != nil)
        #expect(picky.orders.map(\.request.changes.count) == [2, 1])
    }

    @Test func `what cannot be sent says why, and nothing is sent`() async throws {
        let nas = ScriptedNAS(.acknowledged(terminateCause: nil))
        let nobody = EnforcementTarget.Session(id: Self.session.id, username: "", acctSessionID: "")
        let cases: [(EnforcementTarget, SharedSecret?, EnforcementReason)] = [
            (Self.target(nil), Self.secret, .nasGone),
            (Self.target(try Self.device("192.0.2.0/24")), Self.secret, .noAddress),
            (Self.target(try Self.device()), nil, .secretUnreadable),
            (Self.target(try Self.device(), session: nobody), Self.secret, .notIdentified),
            (
                Self.target(try Self.device(), lessons: ["takes-no-disconnect": 1]), Self.secret, .cannotDisconnect
            ),
        ]
        for (target, secret, reason) in cases {
            let report = await Self.conduct(nas, secret: secret).carryOut(target)
            #expect(report.answer == .impossible(reason), "\(reason)")
        }
        #expect(nas.orders.isEmpty)
    }
}
