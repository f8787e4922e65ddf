import Domain

/// One of everything, with fixed values, for goldens and round trips.
enum Samples {
    static let tenant = TenantID(id(1))
    static let nas = NASID(id(2))
    static let service = ServiceID(id(3))
    static let customer = CustomerID(id(4))
    static let admission = AdmissionID(id(5))
    static let session = SessionID(id(6))
    static let event = EventID(id(7))
    static let time = Timestamp(microseconds: 1_795_168_800_123_456)

    static func id(_ number: UInt64) -> UUID128 {
        UUID128(high: 0x0192_a3b4_0000_7000, low: 0x8000_0000_0000_0000 | number)
    }

    static let fullRecord = AccountingRecord(
        id: event,
        tenantID: tenant,
        nasID: nas,
        nasName: "edge-1",
        statusType: .stop,
        receivedAt: time,
        delaySeconds: 3,
        sessionSeconds: 86_400,
        acctSessionID: "81000a3f \"quoted\" ü\u{1}",
        username: "alice@example.net",
        serviceID: service,
        customerID: customer,
        admissionID: admission,
        callingStationID: "00:11:22:33:44:55",
        calledStationID: "pppoe-1",
        nasPort: 15_728_640,
        nasPortID: "ether1.100",
        nasIdentifier: "edge-1",
        nasIPAddress: "192.0.2.1",
        framedIPv4: "100.64.0.7",
        framedIPv6Prefix: "2001:db8:1::/64",
        framedIPv6Address: "2001:db8:1::7",
        delegatedIPv6Prefix: "2001:db8:1:100::/56",
        inputOctets: 4_294_967_296,
        outputOctets: 9_007_199_254_740_993,
        hasGigawords: true,
        inputPackets: 12,
        outputPackets: 34,
        terminateCause: 1,
        eventTimestamp: Timestamp(secondsSince1970: 1_795_168_797),
        decisionVersion: 4_294_967_295
    )

    static let minimalRecord = AccountingRecord(
        id: event,
        tenantID: tenant,
        nasID: nas,
        statusType: .start,
        receivedAt: time
    )
}
