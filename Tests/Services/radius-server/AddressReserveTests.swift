import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite(.proves("IPAM-08")) struct AddressReserveTests {
    @Test func `a login that needs a pool without reserve takes nothing from the others`() {
        let reserve = AddressReserve()
        let (ipv4, prefixes) = (PoolID(UUID128(high: 1, low: 1)), PoolID(UUID128(high: 1, low: 2)))
        reserve.put([4, 5], of: ipv4, block: 0)
        for _ in 0..<3 { #expect(reserve.take([ipv4, nil, prefixes]) == nil) }
        #expect(reserve.count == 2)
        reserve.put([7], of: prefixes, block: 0)
        #expect(reserve.take([ipv4, nil, prefixes]) == [4, nil, 7])
        #expect(reserve.take([ipv4, nil, nil]) == [5, nil, nil])
        #expect(reserve.take([ipv4, nil, nil]) == nil)
        #expect(reserve.take([nil, nil, nil]) == [nil, nil, nil])
    }

    @Test func `a reserve is fetched once, given out once, and fetched again when it is empty`() {
        let reserve = AddressReserve()
        let pool = PoolID(UUID128(high: 4, low: 1))
        #expect(reserve.take([pool]) == nil)
        #expect(reserve.wants(pool, now: 0))
        #expect(!reserve.wants(pool, now: 0))
        reserve.giveUp(pool, now: 0)
        #expect(!reserve.wants(pool, now: 1))
        #expect(reserve.wants(pool, now: 60_000_000_000))
        reserve.put([5, 6], of: pool, block: 3)
        #expect(!reserve.wants(pool, now: 0) && reserve.count == 2)
        #expect([reserve.take([pool]), reserve.take([pool]), reserve.take([pool])] == [[5], [6], nil])
        #expect(reserve.wants(pool, now: 60_000_000_000))
        reserve.put([7, 8], of: pool, block: 4)
        reserve.forget(3, of: pool)
        #expect(reserve.blocks.map(\.block) == [4])
        reserve.forget(4, of: pool)
        #expect(reserve.blocks.isEmpty && reserve.take([pool]) == nil)
        reserve.put([7], of: pool, block: 5)
        #expect(reserve.giveBack(pool, now: 0) == [7] && reserve.giveBack(pool, now: 0).isEmpty)
    }
}
