import RADIUS
import SharedTesting
import Testing

/// Encodings from RFC 6929 §9, RFC 2868, RFC 3162 and vendors' formats.
@Suite struct DictionaryVectorTests {
    /// The attributes of RFC 6929 §9, by the names of their numbers.
    private static let extended = """
        VENDOR Example 1
        ATTRIBUTE E1 241 extended
        ATTRIBUTE E5 245 long-extended
        ATTRIBUTE E1-EVS 241.26 evs
        ATTRIBUTE E5-EVS 245.26 evs
        ATTRIBUTE E-1 241.1 string
        ATTRIBUTE E-2 241.2 tlv
        ATTRIBUTE E-2-1 241.2.1 octets
        ATTRIBUTE E-2-2 241.2.2 octets
        ATTRIBUTE E-2-3 241.2.3 tlv
        ATTRIBUTE E-2-3-1 241.2.3.1 octets
        ATTRIBUTE E-2-3-2 241.2.3.2 string
        ATTRIBUTE D 241.9 tlv
        ATTRIBUTE D-1 241.9.1 tlv
        ATTRIBUTE D-2 241.9.1.2 tlv
        ATTRIBUTE D-3 241.9.1.2.3 tlv
        ATTRIBUTE D-4 241.9.1.2.3.4 tlv
        ATTRIBUTE D-5 241.9.1.2.3.4.5 octets
        ATTRIBUTE L-1 245.1 string
        ATTRIBUTE L-2 245.2 tlv
        ATTRIBUTE L-2-1 245.2.1 octets
        ATTRIBUTE L-4 245.4 octets
        BEGIN-VENDOR Example format=E1-EVS
        ATTRIBUTE V-4 4 string
        ATTRIBUTE V-5 5 tlv
        ATTRIBUTE V-5-3 5.3 string
        END-VENDOR Example
        BEGIN-VENDOR Example format=E5-EVS
        ATTRIBUTE W-4 4 string
        ATTRIBUTE W-5 5 tlv
        ATTRIBUTE W-5-3 5.3 string
        ATTRIBUTE W-6 6 octets
        END-VENDOR Example
        """

    private static let long = String(repeating: "aa", count: 251) + String(repeating: "cc", count: 15)
    private static let longer = String(repeating: "bb", count: 246) + String(repeating: "cc", count: 20)

    /// A row: the pairs `Name = value` and the octets.
    private static let rfc6929: [([(String, String)], String)] = [
        ([("E-1", "bob")], "f10601626f62"),
        ([("E-2-1", "0x2345")], "f1070201042345"),
        ([("E-2-1", "0x2345"), ("E-2-2", "0x6789")], "f10b020104234502046789"),
        ([("E-2-1", "0x2345"), ("E-2-3-1", "0xabcd")], "f10d020104234503060104abcd"),
        (
            [("E-2-1", "0x2345"), ("E-2-3-1", "0xabcd"), ("E-2-3-2", "foo")],
            "f1120201042345030b0104abcd0205666f6f"
        ),
        ([("D-5", "0xcdef")], "f10f09010c020a030804060504cdef"),
        ([("V-4", "test")], "f10c1a000000010474657374"),
        ([("V-5-3", "test")], "f10e1a0000000105030674657374"),
        ([("L-1", "bob")], "f5070100626f62"),
        ([("L-2-1", "0x2345")], "f508020001042345"),
        ([("W-4", "test")], "f50d1a00000000010474657374"),
        ([("W-5-3", "test")], "f50f1a000000000105030674657374"),
        (
            [("L-4", "0x" + long)],
            "f5ff0480" + String(repeating: "aa", count: 251) + "f5130400" + String(repeating: "cc", count: 15)
        ),
        (
            [("W-6", "0x" + longer)],
            "f5ff1a800000000106" + String(repeating: "bb", count: 246) + "f5181a00" + String(repeating: "cc", count: 20)
        ),
    ]

    @Test(.proves("RAD-19"), arguments: rfc6929)
    func `RFC 6929's examples are written octet by octet and read back`(
        pairs: [(String, String)],
        encoded: String
    ) throws {
        let codec = AttributeCodec(try AttributeDictionary(text: Self.extended))
        let pairs = pairs.map { AttributePair($0.0, $0.1) }
        let attributes = try codec.encode(pairs)
        #expect(attributes.octets == octets(encoded))
        #expect(codec.decode(attributes) == pairs)
    }

    @Test func `the example of depth five also stands without a definition`() throws {
        let codec = AttributeCodec(try AttributeDictionary(text: ""))
        let attributes = try codec.encode("Attr-241.1.1.2.3.4.5", "0xcdef")
        #expect(attributes.octets == octets("f10f01010c020a030804060504cdef"))
        #expect(codec.decode(attributes) == [AttributePair("Attr-241.1", "0x010c020a030804060504cdef")])
    }

    @Test(
        .proves("RAD-19"),
        arguments: [
            ("Cisco-AVPair", "foo", "1a0b000000090105666f6f"),
            ("SN-VPN-Name", "foo", "1a0d00001fe400020007666f6f"),
            ("USR-Event-Id", "1234", "1a0e000001ad0000bfbe000004d2"),
            ("Lucent-Max-Shared-Users", "1", "1a0d000012ee00020700000001"),
            ("WiMAX-Release", "1.0", "1a0e000060b50108000105312e30"),
            ("Tunnel-Type:1", "PPTP", "400601000001"),
            ("Framed-IPv6-Prefix", "::/0", "61040000"),
            ("Framed-IPv6-Prefix", "2001:db8:a0b:12f0::/64", "610c004020010db80a0b12f0"),
            ("Mikrotik-Rate-Limit", "10M/50M", "1a0f00003a8c080931304d2f35304d"),
            ("Huawei-Input-Average-Rate", "10000000", "1a0c000007db020600989680"),
            ("WISPr-Bandwidth-Max-Down", "50000000", "1a0c0000372a080602faf080"),
            (
                "Cisco-AVPair", "ip:sub-qos-policy-out=50M",
                "1a2100000009011b69703a7375622d716f732d706f6c6963792d6f75743d35304d"
            ),
            ("ERX-Qos-Profile-Name", "50M", "1a0b0000130a1a0535304d"),
            ("Alc-SLA-Prof-Str", "gold", "1a0c0000197f0d06676f6c64"),
        ]
    )
    func `vendors' formats are written octet by octet and read back`(name: String, text: String, hex: String) throws {
        let codec = try Dictionaries.codec()
        let attributes = try codec.encode(name, text)
        #expect(attributes.octets == octets(hex))
        let parts = name.split(separator: ":")
        let read = codec.decode(attributes)
        #expect(read.map(\.text) == [text])
        let defined = try #require(codec.dictionary.attribute(named: String(parts[0])))
        #expect(read.map(\.name) == [codec.dictionary.attribute(at: codec.dictionary.path(of: defined))?.name])
        #expect(read[0].tag == (parts.count == 2 ? 1 : nil))
    }

    @Test func `the server's own dictionary writes Ubiquiti's rate in 64 bits`() throws {
        let codec = AttributeCodec(try BuiltInDictionary.load())
        let attributes = try codec.encode("UBNT-Data-Rate-DL", "50000")
        #expect(attributes.octets == octets("1a100000a098010a000000000000c350"))
    }

    @Test(.proves("RAD-19")) func `a hidden tunnel password with its tag is that of the vector`() throws {
        let codec = try Dictionaries.codec()
        let attributes = try codec.encode("Tunnel-Password:1", "tunnel-secret", firstSalt: 0x8ABC)
        #expect(attributes == [Attribute(69, octets("018abcc8f5ff1e746cb8e20fa0744eebeebbb0"))])
        #expect(codec.decode(attributes) == [AttributePair("Tunnel-Password", tag: 1, "tunnel-secret")])
        let key = "0x8b7cdc149b993a1ba118cb153f56dccb"
        let send = try codec.encode("MS-MPPE-Send-Key", key, firstSalt: 0x8001)
        let hidden = "8001edf8782e4e2376c6595b06e2c1999d77b2de0ce4cd93921f5f66d9f3b6a14736"
        #expect(send == [.vendor(311, 16, octets(hidden))])
        #expect(codec.decode(send) == [AttributePair("MS-MPPE-Send-Key", key)])
    }

    @Test func `the vectors' passwords are hidden and read, and stay octets without the secret`() throws {
        let codec = try Dictionaries.codec()
        let attributes = try codec.encode("User-Password", "hello123")
        #expect(attributes.octets == octets("02122d3b6b1ee3e284d52953a04bc8c1eda6"))
        #expect(codec.decode(attributes) == [AttributePair("User-Password", "hello123")])
        let blind = AttributeCodec(codec.dictionary)
        #expect(blind.decode(attributes) == [AttributePair("Attr-2", "0x2d3b6b1ee3e284d52953a04bc8c1eda6")])
        let error = #expect(throws: AttributeEncodingError.self) { try blind.encode("User-Password", "hello123") }
        #expect(error?.problem == .noSecret)
        let ascend = try codec.encode("Ascend-Send-Secret", "one")
        #expect(ascend.count == 1 && ascend[0].value.count == 22)
        #expect(codec.decode(ascend).map(\.text) == ["one"])
    }

    @Test(.proves("RAD-19")) func `accounting of the derived vectors reads as it was meant`() throws {
        let codec = try Dictionaries.codec()
        let packet = try Packet(parsing: AccountingVectors.d18)
        let pairs = codec.decode(packet.attributes)
        #expect(
            pairs.map(\.description).prefix(3) == [
                "Acct-Status-Type = Interim-Update", "User-Name = bob", "NAS-IP-Address = 10.0.0.1",
            ]
        )
        let tail = pairs.suffix(5).map(\.description)
        #expect(tail.contains("Framed-Interface-Id = 0:0:0:2"))
        #expect(tail.contains("Delegated-IPv6-Prefix = 2001:db8:100::/56"))
        #expect(tail.contains("Framed-IPv6-Address = 2001:db8:1::2"))
        #expect(tail.contains("Event-Timestamp = 2026-11-18T11:06:40Z"))
    }
}
