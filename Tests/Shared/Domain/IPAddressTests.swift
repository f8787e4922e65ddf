import Domain
import SharedTesting
import Testing

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
        ("::1", "::1"), ("2001:DB8::1", "2001:db8::1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1::", "1::"), ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("0:0:1::", "0:0:1::"), ("1:0:0:4:0:0:0:8", "1:0:0:4::8"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func `an address is read and written canonically`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(octets: address.octets) == address)
    }

    @Test(arguments: [
        "", "192.0.2", "192.0.2.256", "192.0.2.01", "192.0.2.1.", "1..2.3", ":", ":::", "1::2::3", "12345::", "::g",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "fe80::1%eth0", "192.0.2.1/32", "::1.2.3", "1:", ":1", "::1.2.3.4:5",
        "1:+1::",
        "+1.2.3.4",
    ])
    func `anything else is no address`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `a prefix holds what begins with it`() throws {
        let prefix = try #require(IPPrefix("192.0.2.0/24"))
        #expect(prefix.description == "192.0.2.0/24")
        #expect(try prefix.contains(#require(IPAddress("192.0.2.255"))))
        #expect(try !prefix.contains(#require(IPAddress("192.0.3.0"))))
        #expect(try !prefix.contains(#require(IPAddress("c000:200::"))))
        #expect(IPPrefix("192.0.2.1")?.description == "192.0.2.1/32")
        #expect(try IPPrefix("0.0.0.0/0")?.contains(#require(IPAddress("8.8.8.8"))) == true)
        let wide = try #require(IPPrefix("2001:db8:0:100::/56"))
        #expect(try wide.contains(#require(IPAddress("2001:db8:0:1ff:ffff::1"))))
        #expect(try !wide.contains(#require(IPAddress("2001:db8:0:200::"))))
        let narrow = try #require(IPPrefix("2001:db8::1230/124"))
        #expect(try narrow.contains(#require(IPAddress("2001:db8::123f"))))
        #expect(try !narrow.contains(#require(IPAddress("2001:db8::1240"))))
        #expect(try IPPrefix("::1/128")?.contains(#require(IPAddress("::1"))) == true)
        for text in [
            "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/024", "::1/127", "::/129", "/8", "1.2.3.4/8/9",
            "::/-1",
        ] {
            #expect(IPPrefix(text) == nil)
        }
    }

    @Test func `a mapped address is the IPv4 address it stands for`() {
        #expect(IPAddress("::ffff:192.0.2.1")?.unmapped == IPAddress("192.0.2.1"))
        #expect(IPAddress("::1")?.unmapped == IPAddress("::1"))
        #expect(IPAddress("192.0.2.1")?.ipv4 == 0xc000_0201)
    }

    @Test func `a MAC address has one form, whoever wrote it`() {
        for text in ["00:1A:2b:3c:4d:5e", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "001a2b3c4d5e"] {
            #expect(MACAddress(text)?.description == "00:1a:2b:3c:4d:5e")
        }
        for text in [
            "", "00:1a:2b:3c:4d", "00:1a:2b:3c:4d:5e:", ":001a2b3c4d5e", "00:1a-2b:3c:4d:5e", "0:01a:2b:3c:4d:5e",
            "001a2b3c4d5g",
        ] {
            #expect(MACAddress(text) == nil)
        }
    }
}
