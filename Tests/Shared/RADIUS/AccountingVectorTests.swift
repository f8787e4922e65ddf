import RADIUS
import SharedTesting
import Testing

@Suite struct AccountingVectorTests {
    static let requests = [
        AccountingVectors.d12, AccountingVectors.d13, AccountingVectors.d14, AccountingVectors.d15,
        AccountingVectors.d16,
        AccountingVectors.d17, AccountingVectors.d18, AccountingVectors.d19,
    ]

    @Test(.proves("G-02"), arguments: requests)
    func `D12 to D19 are authentic under their secret only`(packet: [UInt8]) throws {
        #expect(try isAccountingAuthentic(packet, Vectors.secret))
        #expect(try !isAccountingAuthentic(packet, Vectors.rfcSecret))
    }

    @Test func `D20 with a wrong Request Authenticator is refused`() throws {
        #expect(try !isAccountingAuthentic(AccountingVectors.d20, Vectors.secret))
    }

    @Test(arguments: requests) func `D12 to D19 are built again octet by octet`(packet: [UInt8]) throws {
        var parsed = try Packet(parsing: packet)
        parsed.authenticator = [UInt8](repeating: 0xAA, count: 16)
        #expect(parsed.encodedRequest(secret: Vectors.secret) == packet)
    }

    @Test func `D12r answers D12 octet by octet, without a Message-Authenticator`() throws {
        let written = try reply(to: AccountingVectors.d12, .accountingResponse, secret: Vectors.secret)
        #expect(written == AccountingVectors.d12r)
        #expect(try answers(written, AccountingVectors.d12, Vectors.secret, requireMessageAuthenticator: false))
        #expect(try !answers(written, AccountingVectors.d12, Vectors.secret, requireMessageAuthenticator: true))
    }

    @Test func `D13 carries both counters with their gigawords`() throws {
        try withView(AccountingVectors.d13) { view in
            #expect(view.uint32(AttributeType.acctStatusType) == AcctStatusType.interimUpdate.rawValue)
            #expect(view.uint32(AttributeType.acctInputOctets) == 4_294_967_295)
            #expect(view.uint32(AttributeType.acctInputGigawords) == 0)
            #expect(view.uint32(AttributeType.acctOutputOctets) == 1)
            #expect(view.uint32(AttributeType.acctOutputGigawords) == 1)
            #expect(view.uint32(AttributeType.acctSessionTime) == 300)
        }
    }

    @Test func `D14 tells by their absence that the NAS sends no gigawords`() throws {
        try withView(AccountingVectors.d14) { view in
            #expect(view.uint32(AttributeType.acctInputOctets) == 99)
            #expect(view.uint32(AttributeType.acctInputGigawords) == nil)
            #expect(!view.contains(AttributeType.acctOutputGigawords))
        }
    }

    @Test func `D15 stops after an hour at the user's request`() throws {
        try withView(AccountingVectors.d15) { view in
            #expect(view.uint32(AttributeType.acctStatusType) == AcctStatusType.stop.rawValue)
            #expect(view.uint32(AttributeType.acctInputGigawords) == 5)
            #expect(view.uint32(AttributeType.acctInputOctets) == 7)
            #expect(view.uint32(AttributeType.acctOutputGigawords) == 3)
            #expect(view.uint32(AttributeType.acctOutputOctets) == 0)
            #expect(view.uint32(AttributeType.acctSessionTime) == 3600)
            #expect(view.uint32(AttributeType.acctTerminateCause) == 1)
        }
    }

    @Test func `D16 and D17 say that the whole NAS went on and off`() throws {
        try withView(AccountingVectors.d16) { view in
            #expect(view.uint32(AttributeType.acctStatusType) == AcctStatusType.accountingOn.rawValue)
            #expect(value(AttributeType.nasIdentifier, in: view) == Array("bras-1".utf8))
            #expect(value(AttributeType.acctSessionID, in: view) == Array("boot-0001".utf8))
        }
        try withView(AccountingVectors.d17) { view in
            #expect(view.uint32(AttributeType.acctStatusType) == AcctStatusType.accountingOff.rawValue)
            #expect(view.uint32(AttributeType.acctTerminateCause) == 11)
        }
    }

    @Test func `D18 carries IPv6 prefixes without their unused octets`() throws {
        try withView(AccountingVectors.d18) { view in
            #expect(value(AttributeType.framedIPv6Prefix, in: view) == octets("004020010db800010000"))
            #expect(value(AttributeType.delegatedIPv6Prefix, in: view) == octets("003820010db8010000"))
            #expect(value(AttributeType.framedIPv6Address, in: view) == octets("20010db8000100000000000000000002"))
            #expect(value(AttributeType.framedInterfaceID, in: view) == octets("0000000000000002"))
        }
    }

    @Test func `D19 is D12 sent again with a delay: another identifier and authenticator, the same session`() throws {
        try withView(AccountingVectors.d12) { first in
            try withView(AccountingVectors.d19) { again in
                #expect(first.identifier != again.identifier)
                #expect(again.uint32(AttributeType.acctDelayTime) == 30)
                #expect(
                    value(AttributeType.acctSessionID, in: first) == value(AttributeType.acctSessionID, in: again)
                )
            }
        }
    }
}
