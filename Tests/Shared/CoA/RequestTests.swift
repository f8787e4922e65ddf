import CoA
import Crypto
import Domain
import RADIUS
import SharedTesting
import Testing

/// The octets of requests and answers. D21 to D23 were derived with two other implementations; RFC 5176 §7 prints requests
/// whose secret is not told.
@Suite struct RequestTests {
    private let coa = Fixture.octets(
        "2b32005743713ddc6e2797836bbd817b080db4d950126524e917b4fdfbb4c2b16a88aa56ee5437066afd87880105626f6204060a00"
            + "00012c0a383030303030326108060a141e281a1000003a8c080a32304d2f3130304d"
    )
    private let disconnect = Fixture.octets(
        "28330047a43f2d282fa3884552c19201f91bb70f501236da4f6410e18a04b696d62b5b17c54237066afd87920105626f6204060a00"
            + "00012c0a383030303030326108060a141e28"
    )

    @Test(.proves("COA-01", "COA-03", "COA-10")) func `D21: a CoA-Request with a speed`() throws {
        let change = try Fixture.speedChange()
        let request = try #require(
            ControlRequest.change(change, of: Fixture.identity, by: Fixture.byAll, timestamped: true)
        )
        #expect(request.encoded(identifier: 0x32, eventTime: 1_795_000_200, secret: Fixture.secret) == coa)
    }

    @Test(.proves("COA-01", "COA-03")) func `D22: a Disconnect-Request`() throws {
        let request = try #require(
            ControlRequest.disconnect(Fixture.identity, by: Fixture.byAll, timestamped: true)
        )
        #expect(request.encoded(identifier: 0x33, eventTime: 0x6afd_8792, secret: Fixture.secret) == disconnect)
    }

    @Test(.proves("COA-03", "COA-10")) func `D23: a command to Cisco, without Event-Timestamp`() throws {
        let expected = Fixture.octets(
            "2b340059f4107ae5661540b9c9da583a246e675c5012dde59e24dc5d9a37762a89338ebcb09e2c0a30303030303032411a29000000"
                + "090123737562736372696265723a636f6d6d616e643d726561757468656e746963617465"
        )
        var change = LiveChange()
        let command = Attribute.vendor(Vendor.cisco, 1, text: "subscriber:command=reauthenticate")
        let isTaken = change.add(.other, [command])
        #expect(isTaken)
        let request = try #require(
            ControlRequest.change(
                change,
                of: LiveIdentity(acctSessionID: Array("0000002A".utf8)),
                by: IdentitySet(.acctSessionID),
                timestamped: false
            )
        )
        #expect(request.encoded(identifier: 0x34, eventTime: 0, secret: Fixture.secret) == expected)
    }

    @Test(.proves("COA-01")) func `RFC 5176 §7: the three ways to say which session`() throws {
        let identity = LiveIdentity(
            userName: Array("mchiba".utf8),
            acctSessionID: Array("90234567".utf8),
            framedIPAddress: IPAddress("10.0.2.3")
        )
        let printed: [(IdentityPart, String)] = [
            (.userName, "01086d6368696261"), (.acctSessionID, "2c0a3930323334353637"),
            (.framedIPAddress, "08060a000203"),
        ]
        for (part, attributes) in printed {
            let request = try #require(ControlRequest.disconnect(identity, by: IdentitySet(part), timestamped: false))
            let octets = try #require(request.encoded(identifier: 1, eventTime: 0, secret: Fixture.secret))
            // As printed, but for the Message-Authenticator that goes before.
            #expect(octets[0] == 40 && octets[1] == 1 && octets[20] == AttributeType.messageAuthenticator)
            #expect(Array(octets[38...]) == Fixture.octets(attributes))
        }
    }

    @Test(.proves("COA-07")) func `D21a to D22n: ACK and NAK are read, with their causes`() throws {
        let cases: [([UInt8], ControlKind, String, ControlAnswer)] = [
            (
                coa, .change, "2c3200264a45db76e4ecddc64c4f35941098a8ca501248f68b8de599089134de82597c165c4e",
                .acknowledged(terminateCause: nil)
            ),
            (
                coa, .change,
                "2d32002c7dda003897cdc1761fc17f61ddd286d050124988568ea644c096977017a777a483d86506000001f7",
                .refused(Refusal(.sessionContextNotFound))
            ),
            (
                disconnect, .disconnect,
                "2933002cfa85fb98c2e51ff4c3fecbdfe06647f850129c965d4afc019c0791ae27652dfcd66b310600000006",
                .acknowledged(terminateCause: 6)
            ),
            (
                disconnect, .disconnect,
                "2a33002c2913ddc9d4c0b2399ec977a6a8c4831a50126c487208507f29881dcbf3c1b0971a16650600000192",
                .refused(Refusal(.missingAttribute))
            ),
        ]
        for (request, kind, hex, expected) in cases {
            let octets = Fixture.octets(hex)
            #expect(read(octets, request, kind) == .success(expected))
            #expect(read(octets, request, kind, secret: Fixture.otherSecret) == .failure(.badAuthenticator))
            // Neither answers the other kind's request.
            let other: ControlKind = kind == .change ? .disconnect : .change
            #expect(read(octets, request, other) == .failure(.unexpectedCode))
            for index in octets.indices {
                var broken = octets
                broken[index] ^= 0x10
                guard case .failure = read(broken, request, kind) else {
                    Issue.record("believed with octet \(index) changed")
                    continue
                }
            }
        }
    }

    @Test func `an answer without Message-Authenticator is believed only where that may be`() throws {
        let reply = try #require(
            Packet(.coaACK, identifier: coa[1])
                .encodedReply(requestAuthenticator: Array(coa[4..<20]), secret: Fixture.secret)
        )
        #expect(read(reply, coa, .change) == .success(.acknowledged(terminateCause: nil)))
        let strict = ControlAnswer.read(
            reply,
            to: coa,
            kind: .change,
            secret: Fixture.secret,
            requiresMessageAuthenticator: true
        )
        #expect(strict == .failure(.badAuthenticator))
    }

    @Test(.proves("COA-01", "COA-03")) func `what is built is what a NAS reads, whatever the session`() throws {
        var random = SeededRandom()
        for _ in 0..<300 {
            let identity = randomIdentity(&random)
            let parts = IdentityPart.allCases.filter { _ in Bool.random(using: &random) }
            let set = IdentitySet(parts)
            let isTimestamped = Bool.random(using: &random)
            let identifier = UInt8.random(in: 0...255, using: &random)
            let request = ControlRequest.disconnect(identity, by: set, timestamped: isTimestamped)
            guard !parts.isEmpty, parts.allSatisfy({ identity.attribute($0) != nil }) else {
                #expect(request == nil)
                continue
            }
            let octets = try #require(request?.encoded(identifier: identifier, eventTime: 7, secret: Fixture.secret))
            let packet = try Packet(parsing: octets)
            #expect(packet.code == PacketCode.disconnectRequest.rawValue && packet.identifier == identifier)
            #expect(packet.attributes.first?.type == AttributeType.messageAuthenticator)
            #expect((packet.first(AttributeType.eventTimestamp) == [0, 0, 0, 7]) == isTimestamped)
            #expect(packet.first(AttributeType.proxyState) == nil)
            for part in parts { #expect(identity.attribute(part).map(packet.attributes.contains) == true) }
            #expect(packet.attributes.count == 1 + (isTimestamped ? 1 : 0) + identity.nasAttributes.count + parts.count)
            let isAuthentic = try unsafe octets.withUnsafeBytes { bytes in
                let view = unsafe try PacketView(validating: bytes)
                return Authenticity.verifyAccountingAuthenticator(packet: view, secret: Fixture.secret.context)
                    && Authenticity.verifyMessageAuthenticator(packet: view, secret: Fixture.secret.context)
            }
            #expect(isAuthentic)
        }
    }

    @Test func `what names a session or leads elsewhere is no change`() {
        var change = LiveChange()
        for type in [
            AttributeType.userName, AttributeType.proxyState, AttributeType.state, AttributeType.messageAuthenticator,
            AttributeType.framedIPAddress, AttributeType.serviceType, AttributeType.framedPool,
        ] {
            let filter = Attribute(AttributeType.filterID, text: "walled")
            let isTaken = change.add(.filter, [filter, Attribute(type, [1, 2, 3, 4])])
            #expect(!isTaken)
        }
        #expect(change.isEmpty && change.kinds.isEmpty)
    }

    @Test(.proves("COA-08", "COA-10")) func `what a vendor has no words for is left to a new session`() {
        let fast = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 10_000_000))
        let downOnly = SpeedProfile(rate: SpeedPair(download: 50_000_000, upload: 0))
        let guaranteed = SpeedProfile(rate: fast.rate, guaranteed: SpeedPair(download: 1_000_000, upload: 1_000_000))
        func hasWords(_ wanted: SpeedProfile, from current: SpeedProfile, _ vendor: NASVendor) -> Bool {
            var change = LiveChange()
            let isTaken = change.addSpeed(wanted, from: current, for: vendor)
            #expect(isTaken != change.isEmpty)
            return isTaken
        }
        for vendor in NASVendor.allCases {
            #expect(!hasWords(.unlimited, from: fast, vendor), "\(vendor) has no word for no limit")
            #expect(hasWords(fast, from: .unlimited, vendor))
            // MikroTik's text replaces both directions, Juniper's words know one alone.
            let isWhole = vendor == .mikrotik || vendor == .juniper
            #expect(hasWords(downOnly, from: fast, vendor) == isWhole, "\(vendor)")
            #expect(hasWords(downOnly, from: downOnly, vendor))
            let tells = [NASVendor.generic, .ubiquiti, .juniper, .nokia].contains(vendor)
            #expect(hasWords(fast, from: guaranteed, vendor) == !tells, "\(vendor)")
        }
    }

    @Test func `a timeout counts from where the vendor counts`() {
        var change = LiveChange()
        change.addTimeout(remaining: 60, elapsed: 3600, for: .mikrotik)
        change.addTimeout(remaining: 60, elapsed: 3600, for: .nokia)
        change.addTimeout(remaining: .max, elapsed: 3600, for: .generic)
        #expect(
            change.attributes == [
                Attribute(AttributeType.sessionTimeout, 3660), .vendor(Vendor.nokia, 160, 60),
                Attribute(AttributeType.sessionTimeout, .max),
            ]
        )
        #expect(change.kinds == [.timeout])
    }

    @Test(.proves("COA-10")) func `each vendor is told a session's end in its words, and by itself or with the speed`()
        throws
    {
        for vendor in NASVendor.allCases {
            var end = LiveChange()
            end.addTimeout(remaining: 600, elapsed: 7_200, for: vendor)
            let words =
                vendor == .nokia
                ? Attribute.vendor(Vendor.nokia, 160, 600) : Attribute(AttributeType.sessionTimeout, 7_800)
            #expect(end.attributes == [words], "\(vendor)")
            #expect(NASCapabilities.timeoutOrigin(of: vendor) == (vendor == .nokia ? .request : .start))
            guard vendor != .ubiquiti else { continue }
            let speed = try Fixture.speedChange(vendor)
            var both = speed
            both.addTimeout(remaining: 600, elapsed: 7_200, for: vendor)
            #expect(both.kinds == [.speed, .timeout] && both.attributes == speed.attributes + [words])
            #expect(both.without(.timeout) == speed && both.without(.speed) == end)
            #expect(both.without(.timeout).without(.speed).isEmpty)
        }
    }

    @Test(.proves("COA-07")) func `every Error-Cause of the RFC has its name and a label`() {
        #expect(ErrorCause.allCases.count == 18)
        #expect(Set(ErrorCause.allCases.map(\.name)).count == 18)
        #expect(Refusal(.sessionContextNotFound).label == "503")
        #expect(Refusal(number: nil).label == "none" && Refusal(number: 999).label == "other")
        #expect("\(Refusal(.unsupportedAttribute))" == "refused with Error-Cause 401, Unsupported Attribute")
    }

    private func read(
        _ datagram: [UInt8],
        _ request: [UInt8],
        _ kind: ControlKind,
        secret: SharedSecret = Fixture.secret
    ) -> Result<ControlAnswer, ControlAnswer.Fault> {
        ControlAnswer.read(datagram, to: request, kind: kind, secret: secret, requiresMessageAuthenticator: false)
    }

    private func randomIdentity(_ random: inout SeededRandom) -> LiveIdentity {
        func text(_ random: inout SeededRandom) -> [UInt8]? {
            Bool.random(using: &random) ? random.bytes(Int.random(in: 0...253, using: &random)) : nil
        }
        var identity = LiveIdentity()
        identity.userName = text(&random)
        identity.acctSessionID = text(&random)
        identity.acctMultiSessionID = text(&random)
        identity.callingStationID = text(&random)
        identity.nasPortID = text(&random)
        identity.chargeableUserIdentity = text(&random)
        if Bool.random(using: &random) { identity.nasPort = UInt32(truncatingIfNeeded: random.next()) }
        if Bool.random(using: &random) {
            identity.framedIPAddress = IPAddress(ipv4: UInt32(truncatingIfNeeded: random.next()))
        }
        switch random.next() % 3 {
        case 0: identity.nasAddress = IPAddress("2001:db8::1")
        case 1: identity.nasIdentifier = Array("bras-1".utf8)
        default: break
        }
        return identity
    }
}
