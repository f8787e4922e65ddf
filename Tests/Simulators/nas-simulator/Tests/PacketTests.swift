import Crypto
import RADIUS
import SharedTesting
import Testing

@testable import NASSimulator

/// What the simulated NASes send, and how they judge what comes back.
@Suite struct PacketTests {
    private static let script = ModelTests.script(21, subscribers: 120)

    private static func session(on kind: NASKind) throws -> SimSession {
        try #require(script.sessions.first { script.world.nases[$0.nas].kind == kind && $0.records.count > 2 })
    }

    private static func packet(
        _ session: SimSession,
        _ record: SimRecord,
        delay: Int = 0,
        admission: [UInt8]? = [1, 2, 3]
    ) throws -> Packet {
        let packets = NASPackets(script.world.nases[session.nas])
        let octets = try #require(
            packets.accounting(
                record,
                of: session,
                script.world.subscribers[session.subscriber],
                identifier: 7,
                moment: .init(delay: delay, takenAt: 1_795_000_000),
                admission: admission
            )
        )
        let isTrue = unsafe try octets.withUnsafeBytes { octets in
            let view = unsafe try PacketView(validating: octets)
            let isSigned =
                view.messageAuthenticatorOffset == nil
                || Authenticity.verifyMessageAuthenticator(packet: view, secret: packets.secret.context)
            return isSigned && Authenticity.verifyAccountingAuthenticator(packet: view, secret: packets.secret.context)
        }
        #expect(isTrue)
        return try Packet(parsing: octets)
    }

    private static func number(_ packet: Packet, _ type: UInt8) -> Int64? {
        packet.first(type).flatMap(ControlDesk.number).map(Int64.init)
    }

    @Test(arguments: NASKind.allCases)
    func `a report says what the session has come to`(kind: NASKind) throws {
        let session = try Self.session(on: kind)
        let nas = Self.script.world.nases[session.nas]
        for record in session.records {
            let packet = try Self.packet(session, record, delay: 12)
            #expect(Self.number(packet, AttributeType.acctStatusType) == Int64(record.kind.rawValue))
            #expect(packet.first(AttributeType.acctSessionID) == Array(session.id.utf8))
            #expect(Self.number(packet, AttributeType.acctDelayTime) == 12)
            #expect((packet.first(AttributeType.callingStationID) != nil) == kind.sendsCallingStation)
            #expect((packet.first(AttributeType.class) != nil) == nas.echoesClass)
            guard record.kind != .start else { continue }
            #expect(Self.number(packet, AttributeType.acctSessionTime) == Int64(record.age))
            let high = (
                Self.number(packet, AttributeType.acctInputGigawords) ?? 0,
                Self.number(packet, AttributeType.acctOutputGigawords) ?? 0
            )
            var shown = (
                high.0 << 32 | (Self.number(packet, AttributeType.acctInputOctets) ?? -1),
                high.1 << 32 | (Self.number(packet, AttributeType.acctOutputOctets) ?? -1)
            )
            if kind.swapsOctets { shown = (shown.1, shown.0) }
            let mask: Int64 = kind.counters == .wrapping ? 0xffff_ffff : .max
            #expect(shown == (record.countedInput & mask, record.countedOutput & mask))
        }
    }

    @Test func `Acct-Delay-Time of 0 is left out, and Event-Timestamp has the NAS's own clock`() throws {
        let session = try Self.session(on: .cisco)
        let packet = try Self.packet(session, session.records[0], admission: nil)
        #expect(packet.first(AttributeType.acctDelayTime) == nil)
        let skew = Int64(Self.script.world.nases[session.nas].skew)
        #expect(Self.number(packet, AttributeType.eventTimestamp) == 1_795_000_000 + skew)
    }

    @Test func `hostapd tells no cause and pppd no port`() throws {
        let wifi = try #require(
            Self.script.sessions.first { Self.script.world.nases[$0.nas].kind == .ubiquiti && $0.stop != nil }
        )
        #expect(try Self.packet(wifi, #require(wifi.stop)).first(AttributeType.acctTerminateCause) == nil)
        let pppd = try Self.session(on: .pppd)
        #expect(Self.number(try Self.packet(pppd, pppd.records[0]), AttributeType.nasPort) == 0)
    }

    @Test func `a boot is told with its identity`() throws {
        let boot = try #require(Self.script.boots.first)
        let packets = NASPackets(Self.script.world.nases[boot.nas])
        let octets = try #require(packets.boot(boot, identifier: 1, moment: .init(delay: 0, takenAt: 5)))
        let packet = try Packet(parsing: octets)
        #expect(Self.number(packet, AttributeType.acctStatusType) == (boot.isOn ? 7 : 8))
        #expect(Self.number(packet, AttributeType.nasIPAddress) == Int64(packets.nas.address))
    }

    // MARK: - Logins

    private static let many = ModelTests.script(21, subscribers: 900)

    private static func login(_ method: LoginMethod, _ outcome: SimLogin.Outcome) throws -> (SimLogin, SimSubscriber) {
        let subscribers = many.world.subscribers
        let login = try #require(
            many.logins.first { $0.outcome == outcome && subscribers[$0.subscriber].login == method }
        )
        return (login, subscribers[login.subscriber])
    }

    @Test func `PAP hides the right password, or a wrong one`() throws {
        for outcome in [SimLogin.Outcome.accept, .wrongPassword] {
            let (login, subscriber) = try Self.login(.pap, outcome)
            let packets = NASPackets(Self.script.world.nases[0])
            var chance = Chance(seed: 1)
            let request = try #require(packets.login(login, subscriber, identifier: 3, chance: &chance))
            let packet = try Packet(parsing: request.octets)
            #expect(packet.attributes.first?.type == AttributeType.messageAuthenticator)
            let expected = UserPassword.encrypt(
                password: Array((subscriber.password + (outcome == .accept ? "" : "!")).utf8),
                requestAuthenticator: packet.authenticator,
                secret: packets.secret.context
            )
            #expect(packet.first(AttributeType.userPassword) == expected)
        }
    }

    @Test func `MS-CHAPv2 is what a server verifies`() throws {
        let (login, subscriber) = try Self.login(.mschapv2, .accept)
        var chance = Chance(seed: 1)
        let packets = NASPackets(Self.script.world.nases[0])
        let request = try #require(packets.login(login, subscriber, identifier: 3, chance: &chance))
        let packet = try Packet(parsing: request.octets)
        let isRight = try MSCHAP.verifyVersion2(
            response: #require(packet.firstVendor(Vendor.microsoft, MicrosoftAttribute.chap2Response)),
            challenge: #require(packet.firstVendor(Vendor.microsoft, MicrosoftAttribute.chapChallenge)),
            userName: Array(subscriber.username.utf8),
            ntHash: MSCHAP.ntHash(password: Array(subscriber.password.utf8))
        )
        #expect(isRight)
        #expect(request.success?.count == 43)
    }

    // MARK: - Answers

    @Test func `only the true answer to a request counts`() throws {
        let secret = SharedSecret(Array("one".utf8))
        let request = try #require(
            Packet(.accessRequest, identifier: 4, attributes: [.messageAuthenticator]).encodedRequest(secret: secret)
        )
        let authenticator = Array(request[4..<20])
        func answer(_ identifier: UInt8, _ attributes: [Attribute], _ secret: SharedSecret) throws -> [UInt8] {
            let packet = Packet(.accessAccept, identifier: identifier, attributes: attributes)
            return try #require(packet.encodedReply(requestAuthenticator: authenticator, secret: secret))
        }
        let good = try answer(4, [.messageAuthenticator], secret)
        #expect(AnswerCheck.authentic(good, to: request, secret: secret) != nil)
        for octet in good.indices where octet < 2 || octet > 3 {
            var bad = good
            bad[octet] ^= 1
            #expect(AnswerCheck.authentic(bad, to: request, secret: secret) == nil, "octet \(octet)")
        }
        // Without Message-Authenticator anybody on the path may have made it (CVE-2024-3596).
        #expect(AnswerCheck.authentic(try answer(4, [], secret), to: request, secret: secret) == nil)
        let foreign = try answer(4, [.messageAuthenticator], SharedSecret(Array("two".utf8)))
        #expect(AnswerCheck.authentic(foreign, to: request, secret: secret) == nil)
    }

    @Test func `each part of an accept is looked at`() throws {
        let (login, subscriber) = try Self.login(.pap, .accept)
        let plan = SimPlan.offered[1]
        let whole = [
            Attribute.messageAuthenticator, Attribute(AttributeType.acctInterimInterval, UInt32(plan.interim)),
            Attribute.vendor(Vendor.mikrotik, 8, text: "10M/50M"), Attribute(AttributeType.class, [1]),
        ]
        func faults(_ code: PacketCode, _ attributes: [Attribute], _ kind: NASKind = .mikrotik) -> [String] {
            let packet = Packet(code, identifier: 1, attributes: attributes)
            return AnswerCheck.faults(of: packet, to: login, subscriber, on: kind, plan: plan, success: nil)
        }
        #expect(faults(.accessAccept, whole).isEmpty)
        for index in whole.indices {
            var less = whole
            less.remove(at: index)
            #expect(faults(.accessAccept, less).count == 1, "without attribute \(index)")
        }
        #expect(!faults(.accessReject, whole).isEmpty)
        #expect(faults(.accessAccept, whole, .cisco).count == 2)
        // Each kind is told in its own units; what another one reads is of no use to it.
        let told: [NASKind: [Attribute]] = [
            .cisco: [.vendor(Vendor.cisco, 250, text: "QU;10000000;1875000;3750000;D;50000000;9375000;18750000")],
            .huawei: [
                .vendor(Vendor.huawei, 2, UInt32(10_000_000)), .vendor(Vendor.huawei, 5, UInt32(50_000_000)),
            ],
            .juniper: [.vendor(Vendor.juniperERX, 108, text: "T02 50000000")],
            .nokia: [
                .vendor(Vendor.nokia, 126, text: "I:Q:1:pir=10000"),
                .vendor(Vendor.nokia, 126, text: "E:Q:1:pir=50000"),
            ],
            .coovachilli: [
                .vendor(Vendor.chilliSpot, 4, UInt32(10_000)), .vendor(Vendor.chilliSpot, 5, UInt32(50_000)),
            ],
            .pppd: [.vendor(Vendor.wispr, 7, UInt32(10_000_000)), .vendor(Vendor.wispr, 8, UInt32(50_000_000))],
        ]
        for kind in told.keys {
            for (other, attributes) in told {
                #expect(faults(.accessAccept, whole + attributes, kind).isEmpty == (other == kind), "\(kind) \(other)")
            }
        }
        let packet = Packet(.accessAccept, identifier: 1, attributes: whole)
        let proof: [UInt8] = [3] + Array("S=00".utf8)
        #expect(
            AnswerCheck.faults(of: packet, to: login, subscriber, on: .mikrotik, plan: plan, success: proof).count == 1
        )
    }

    @Test func `a reject must be one, for the reason that it has`() throws {
        let (login, subscriber) = try Self.login(.pap, .wrongPassword)
        func faults(_ code: PacketCode, _ message: String) -> [String] {
            let attributes = [Attribute.messageAuthenticator, Attribute(AttributeType.replyMessage, text: message)]
            let packet = Packet(code, identifier: 1, attributes: attributes)
            return AnswerCheck.faults(
                of: packet,
                to: login,
                subscriber,
                on: .cisco,
                plan: SimPlan.offered[0],
                success: nil
            )
        }
        #expect(faults(.accessReject, "Authentication failed").isEmpty)
        #expect(faults(.accessReject, "Service suspended").count == 1)
        #expect(faults(.accessAccept, "Authentication failed").count == 1)
    }
}
