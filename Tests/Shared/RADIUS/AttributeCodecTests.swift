import RADIUS
import SharedTesting
import Testing

@Suite struct AttributeCodecTests {
    private static let text = """
        VENDOR Wide 24757 format=1,1,c
        VENDOR Plain 9
        VENDOR Long 429 format=4,0
        ATTRIBUTE Name 1 string
        ATTRIBUTE Password 2 string encrypt=1
        ATTRIBUTE Octets 3 octets
        ATTRIBUTE Address 4 ipaddr
        ATTRIBUTE Number 5 integer
        VALUE Number One 1
        VALUE Number 7 3
        ATTRIBUTE Box 6 tlv
        ATTRIBUTE Box-Text 6.1 string
        ATTRIBUTE Box-Box 6.2 tlv
        ATTRIBUTE Box-Box-Text 6.2.1 string
        ATTRIBUTE Time 7 date
        ATTRIBUTE Prefix4 8 ipv4prefix
        ATTRIBUTE Prefix6 9 ipv6prefix
        ATTRIBUTE Address6 10 ipv6addr
        ATTRIBUTE Either 11 combo-ip
        ATTRIBUTE Mac 12 ether
        ATTRIBUTE Interface 13 ifid
        ATTRIBUTE Signed 14 signed
        ATTRIBUTE Byte 15 byte
        ATTRIBUTE Short 16 short
        ATTRIBUTE Big 17 integer64
        ATTRIBUTE Four 18 octets[4]
        ATTRIBUTE Text-Tag 64 string has_tag
        ATTRIBUTE Number-Tag 65 integer has_tag
        ATTRIBUTE Secret-Tag 69 string has_tag,encrypt=2
        ATTRIBUTE Ascend 70 string encrypt=3
        ATTRIBUTE Addresses 71 ipaddr array
        ATTRIBUTE Eap 79 octets concat
        ATTRIBUTE Inside 1000 string
        ATTRIBUTE Virtual 20 string virtual
        BEGIN-VENDOR Wide
        ATTRIBUTE Wide-Text 1 string
        ATTRIBUTE Wide-Octets 2 octets
        END-VENDOR Wide
        BEGIN-VENDOR Plain
        ATTRIBUTE Plain-Text 1 string
        END-VENDOR Plain
        """

    private let codec: AttributeCodec

    init() throws {
        codec = AttributeCodec(try AttributeDictionary(text: Self.text), keys: Dictionaries.keys)
    }

    private func hex(_ name: String, _ text: String) throws -> String {
        try codec.encode(name, text).octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private func told(_ type: UInt8, _ hex: String) -> [String] {
        codec.decode([Attribute(type, octets(hex))]).map(\.description)
    }

    private static let written: [(String, String, String)] = [
        ("Name", "a\\\\b\\x00\\n\\t\\r", "0109615c62000a090d"), ("Octets", "0xDEADbeef", "0306deadbeef"),
        ("Octets", "text", "030674657874"), ("Address", "192.0.2.1", "0406c0000201"),
        ("Number", "one", "050600000001"), ("Number", "7", "050600000003"), ("Number", "0x7", "050600000007"),
        ("Number", "4294967295", "0506ffffffff"), ("Time", "1970-01-02T00:00:01Z", "070600015181"),
        ("Time", "2000-02-29T12:00:00Z", "070638bbb4c0"), ("Time", "4294967295", "0706ffffffff"),
        ("Prefix4", "10.0.0.0/8", "080800080a000000"), ("Prefix4", "10.1.2.3", "080800200a010203"),
        ("Prefix6", "2001:db8::/32", "0908002020010db8"), ("Prefix6", "2001:db8::/29", "0908001d20010db8"),
        ("Prefix6", "::1/128", "0914008000000000000000000000000000000001"),
        ("Address6", "::ffff:192.0.2.1", "0a1200000000000000000000ffffc0000201"),
        ("Address6", "1:2:3:4:5:6:7:8", "0a1200010002000300040005000600070008"),
        ("Either", "::", "0b1200000000000000000000000000000000"), ("Either", "1.2.3.4", "0b0601020304"),
        ("Mac", "00-1B-44-11-3a-b7", "0c08001b44113ab7"), ("Interface", "0:0:0:2", "0d0a0000000000000002"),
        ("Signed", "-1", "0e06ffffffff"), ("Byte", "255", "0f03ff"), ("Short", "65535", "1004ffff"),
        ("Big", "18446744073709551615", "110affffffffffffffff"), ("Four", "0x01020304", "120601020304"),
        ("Text-Tag", "x", "400378"), ("Text-Tag:31", "x", "40041f78"), ("Text-Tag", "\\x01", "40040001"),
        ("Number-Tag:2", "258", "410602000102"), ("Attr-26.9.1", "0x61", "1a0900000009010361"),
        ("Attr-200", "0x", "c802"), ("Attr-0", "0x01", "000301"),
        ("attr-26.429.70000", "0x61", "1a0b000001ad0001117061"),
    ]

    @Test(.proves("RAD-19"), arguments: written)
    func `values of every type are written octet by octet`(name: String, text: String, encoded: String) throws {
        #expect(try hex(name, text) == encoded)
    }

    private static let refused: [(String, String, String)] = [
        ("Nobody", "1", "no dictionary knows it"), ("Attr-x", "0x", "no dictionary knows it"),
        ("Attr-26.9", "0x", "more numbers are needed, as in Attr-26.9.1"), ("Attr-256", "0x", "is never on the wire"),
        ("Attr-26.9.256", "0x", "is never on the wire"), ("Attr-241.1.300", "0x", "is never on the wire"),
        ("Inside", "x", "is never on the wire"), ("Virtual", "x", "is never on the wire"),
        ("Name:1", "x", "takes no tag"), ("Text-Tag:x", "x", "a tag is a number from 0 to 31"),
        ("Text-Tag:32", "x", "a tag is a number from 0 to 31"),
        ("Number", "two", "must be a number or one of its names"),
        ("Number", "-1", "must be a whole number"), ("Number", "4294967296", "must be from 0 to 4294967295"),
        ("Byte", "256", "must be from 0 to 255"), ("Number-Tag:1", "16777216", "must be from 0 to 16777215"),
        ("Signed", "2147483648", "must be from -2147483648 to 2147483647"), ("Address", "1.2.3", "must be an address"),
        ("Address", "1.2.3.256", "must be an address"), ("Address", "01.2.3.4", "must be an address"),
        ("Address6", "1::2::3", "must be an address"), ("Address6", ":::", "must be an address"),
        ("Address6", "1:2:3:4:5:6:7", "must be an address"), ("Address6", "1:2:3:4:5:6:7:8::", "must be an address"),
        ("Address6", "+1::", "must be an address"), ("Mac", "00:11:22:33:44", "must be an address"),
        ("Interface", "1:2:3", "must be an address"), ("Name", "", "must not be empty"),
        ("Prefix4", "10.0.0.1/8", "has bits beyond its prefix length"),
        ("Prefix6", "2001:db8::1/64", "has bits beyond its prefix length"),
        ("Prefix6", "::/129", "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32"),
        ("Prefix4", "x", "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32"),
        ("Octets", "0x1", "must be hexadecimal digits behind 0x, two for each octet"),
        ("Name", "DOM\\user", "a backslash must be followed by \\, n, r, t or x and two hexadecimal digits"),
        ("Name", "\\x1", "a backslash must be followed by \\, n, r, t or x and two hexadecimal digits"),
        ("Time", "2026-02-29T00:00:00Z", "must be a time such as 2026-11-20T10:00:00Z, or seconds since 1970"),
        ("Time", "2106-02-07T06:28:16Z", "must be from 0 to 4294967295"), ("Four", "0x01", "must be 4 octets long"),
        ("Name", String(repeating: "x", count: 254), "must be at most 253 octets long"),
        ("Plain-Text", String(repeating: "x", count: 248), "must be at most 247 octets long"),
        ("Password", String(repeating: "x", count: 129), "must be at most 128 octets long"),
        ("Secret-Tag", String(repeating: "x", count: 240), "must be at most 239 octets long"),
        ("Ascend", String(repeating: "x", count: 17), "must be at most 16 octets long"),
        ("Eap", String(repeating: "x", count: 4077), "must be at most 4076 octets long"),
        ("Box-Text", String(repeating: "x", count: 252), "must be at most 251 octets long"),
    ]

    @Test(.proves("RAD-19"), arguments: refused)
    func `what cannot be written is refused with the reason`(name: String, text: String, problem: String) {
        let error = #expect(throws: AttributeEncodingError.self) { try codec.encode(name, text) }
        #expect(error?.description == "\(name): \(problem)")
    }

    private static let read: [(UInt8, String, [String])] = [
        (UInt8(1), "", ["Attr-1 = 0x"]), (5, "000001", ["Attr-5 = 0x000001"]), (5, "00000001", ["Number = One"]),
        (5, "00000007", ["Number = 0x7"]), (99, "0102", ["Attr-99 = 0x0102"]), (4, "0102", ["Attr-4 = 0x0102"]),
        (9, "004020010db8000000000000000000000000", ["Prefix6 = 2001:db8::/64"]),
        (9, "004020010db8000000000000000000000001", ["Prefix6 = 2001:db8::/64"]),
        (9, "004020010db8", ["Attr-9 = 0x004020010db8"]), (9, "0081", ["Attr-9 = 0x0081"]),
        (8, "00210a000000", ["Attr-8 = 0x00210a000000"]), (11, "01", ["Attr-11 = 0x01"]),
        (6, "010461620205010363", ["Box-Text = ab", "Box-Box-Text = c"]), (6, "090361", ["Attr-6.9 = 0x61"]),
        (6, "0101", ["Attr-6 = 0x0101"]), (6, "", ["Attr-6 = 0x"]), (6, "020301", ["Attr-6.2 = 0x01"]),
        (18, "0102", ["Attr-18 = 0x0102"]), (64, "0161", ["Text-Tag:1 = a"]), (64, "2061", ["Text-Tag =  a"]),
        (64, "01", ["Attr-64 = 0x01"]), (65, "20000001", ["Attr-65 = 0x20000001"]),
        (65, "1f000001", ["Number-Tag:31 = 1"]), (65, "", ["Attr-65 = 0x"]),
        (71, "0a0000010a000002", ["Addresses = 10.0.0.1", "Addresses = 10.0.0.2"]),
        (26, "00000009", ["Attr-26 = 0x00000009"]), (26, "0000000901", ["Attr-26 = 0x0000000901"]),
        (26, "0000000901036109046162", ["Plain-Text = a", "Attr-26.9.9 = 0x6162"]),
        (26, "000000090101", ["Attr-26 = 0x000000090101"]), (26, "00000063010361", ["Attr-26.99.1 = 0x61"]),
        (26, "000001ad0000000161", ["Attr-26.429.1 = 0x61"]),
        (26, "000060b501048061", ["Attr-26 = 0x000060b501048061"]),
        (241, "", ["Attr-241 = 0x"]), (241, "09", ["Attr-241.9 = 0x"]), (241, "1a000001", ["Attr-241.26 = 0x000001"]),
        (241, "1a000000010761", ["Attr-241.26.1.7 = 0x61"]), (245, "01", ["Attr-245 = 0x01"]),
        (245, "018061", ["Attr-245 = 0x018061"]), (245, "010061", ["Attr-245.1 = 0x61"]),
        (69, "010203", ["Attr-69 = 0x010203"]), (2, "0102", ["Attr-2 = 0x0102"]), (70, "01", ["Attr-70 = 0x01"]),
    ]

    @Test(.proves("RAD-19"), arguments: read)
    func `octets are told by name where they fit and by number where not`(type: UInt8, hex: String, told: [String]) {
        #expect(self.told(type, hex) == told)
    }

    @Test(.proves("RAD-19")) func `long values are split and put together again`() throws {
        let long = String(repeating: "x", count: 600)
        let wide = try codec.encode("Wide-Text", long)
        #expect(wide.map(\.value.count) == [253, 253, 115])
        #expect(wide.map { $0.value[6] } == [0x80, 0x80, 0])
        #expect(codec.decode(wide) == [AttributePair("Wide-Text", long)])
        // Without its end, or with another attribute between, none of it is told as the value.
        #expect(codec.decode(Array(wide[..<2])).map(\.name) == ["Attr-26", "Attr-26"])
        let split = [wide[0], Attribute(1, text: "bob"), wide[1], wide[2]]
        #expect(codec.decode(split).map(\.name) == ["Attr-26", "Name", "Wide-Text"])
        let other = try codec.encode("Wide-Octets", "0x01")
        #expect(codec.decode([wide[0]] + other).map(\.name) == ["Attr-26", "Wide-Octets"])
        let eap = try codec.encode("Eap", "0x" + String(repeating: "ab", count: 600))
        #expect(eap.map(\.value.count) == [253, 253, 94])
        #expect(codec.decode(eap).map(\.text.count) == [1202])
        let extended = try codec.encode("Attr-245.7", "0x" + String(repeating: "ab", count: 600))
        #expect(extended.map { $0.value[1] } == [0x80, 0x80, 0])
        #expect(codec.decode(extended).map(\.text.count) == [1202])
    }

    @Test(.proves("RAD-19")) func `neighbours within one TLV share it, and begin another when it is full`() throws {
        let pairs = [
            AttributePair("Box-Text", "a"), AttributePair("Box-Box-Text", "b"), AttributePair("Box-Box-Text", "c"),
            AttributePair("Name", "d"), AttributePair("Box-Text", "e"),
        ]
        let attributes = try codec.encode(pairs)
        #expect(attributes.octets == octets("060d01036102080103620103630103640605010365"))
        #expect(codec.decode(attributes) == pairs)
        let full = (0..<5).map { _ in AttributePair("Box-Box-Text", String(repeating: "x", count: 100)) }
        let many = try codec.encode(full)
        #expect(many.map(\.value.count) == [206, 206, 104])
        #expect(codec.decode(many) == full)
    }

    @Test func `prefixes are written in full where asked`() throws {
        let full = AttributeCodec(codec.dictionary, fullIPv6Prefixes: true)
        #expect(try full.encode("Prefix6", "2001:db8::/32").octets.count == 20)
    }

    @Test func `salts differ within a packet and have their highest bit`() throws {
        let pairs = (0..<40).map { AttributePair("Secret-Tag", tag: 1, "secret \($0)") }
        let attributes = try codec.encode(pairs, firstSalt: 0xFFF0)
        let salts = attributes.map { UInt16($0.value[1]) << 8 | UInt16($0.value[2]) }
        #expect(Set(salts).count == 40 && salts.allSatisfy { $0 & 0x8000 != 0 })
        #expect(codec.decode(attributes) == pairs)
        #expect(HidingKeys(secret: Vectors.secret, requestAuthenticator: [1]) == nil)
    }
}
