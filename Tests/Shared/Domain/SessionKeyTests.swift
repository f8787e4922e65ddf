import Testing

@testable import Domain

@Suite struct SessionKeyTests {
    /// From the reference implementation's vectors.h: key 00..0f, message 00, 01, ... of the given length.
    @Test(arguments: [
        (0, "a3817f04-ba25-a8e6-6df6-7214c7550293"), (1, "da87c1d8-6b99-af44-3476-59119b22fc45"),
        (2, "8177228d-a4a4-5dc7-fca3-8bdef60affe4"), (8, "3b62a9ba-6258-f561-0f83-e264f31497b4"),
    ])
    func `the hash is SipHash with 128 bits`(length: Int, expected: String) {
        var hash = SipHash128(key: (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908))
        if length == 8 { hash.absorb(0x0706_0504_0302_0100) }
        let tail: (UInt64, UInt64) = length == 1 ? (0, 1) : length == 2 ? (0x0100, 2) : (0, 0)
        #expect(hash.finish(tail: tail).description == expected)
    }

    @Test func `the key of a record never changes`() throws {
        #expect(key() == UUID128("38b2a9fc-5152-0edb-0288-b81b1a062604"))
        #expect(key(port: nil) == UUID128("fde75642-4859-752d-5ca8-9ffc06033dfb"))
    }

    @Test func `each part counts, and texts do not run into one another`() {
        let keys = [
            key(), key(tenant: 2), key(nas: 1), key(session: "81"), key(user: "Alice"), key(station: ""), key(port: 0),
            key(port: nil), key(port: .max), key(session: "8", user: "0alice"), key(session: "80alice", user: ""),
            key(session: "80\0"),
        ]
        #expect(Set(keys).count == keys.count)
    }

    private func key(
        tenant: UInt64 = 1,
        nas: UInt64 = 2,
        session: String = "80",
        user: String = "alice",
        station: String = "00:11:22:33:44:55",
        port: UInt32? = 7
    ) -> UUID128 {
        SessionKey.compute(
            tenant: TenantID(UUID128(high: 0, low: tenant)),
            nas: NASID(UUID128(high: 0, low: nas)),
            acctSessionID: session,
            username: user,
            callingStationID: station,
            nasPort: port
        )
    }
}
