import SharedTesting
import Testing

@testable import HTTPServer

@Suite struct SourceTests {
    @Test(.proves("RTL-04")) func `all addresses of one household share its connections, its neighbour's do not`()
        throws
    {
        let table = ConnectionTable()
        for number in 1...9 { table.hold(try #require(IPAddress("2001:db8:0:1::\(number)"))) }
        #expect(table.count(from: try #require(IPAddress("2001:db8:0:1:ffff::1"))) == 9)
        #expect(table.count(from: try #require(IPAddress("2001:db8:0:2::1"))) == 0)
        for number in 1...9 { table.release(try #require(IPAddress("2001:db8:0:1:a::\(number)"))) }
        #expect(table.count(from: try #require(IPAddress("2001:db8:0:1::1"))) == 0)
        table.hold(try #require(IPAddress("192.0.2.1")))
        #expect(table.count(from: try #require(IPAddress("::ffff:192.0.2.1"))) == 1)
        #expect(table.count(from: try #require(IPAddress("192.0.2.2"))) == 0)
    }
}
