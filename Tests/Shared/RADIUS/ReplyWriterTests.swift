import RADIUS
import SharedTesting
import Testing

@Suite struct ReplyWriterTests {
    private func request(_ attributes: [Attribute], _ code: PacketCode = .accessRequest) throws -> [UInt8] {
        let packet = Packet(code, identifier: 3, attributes: attributes)
        return try #require(packet.encodedRequest(secret: Vectors.secret))
    }

    @Test(
        .proves("RAD-04"),
        arguments: [
            PacketCode.accessAccept, .accessReject, .accessChallenge, .protocolError,
        ]
    )
    func `access replies begin with their Message-Authenticator without being asked`(code: PacketCode) throws {
        let request = try request([Attribute(AttributeType.userName, text: "bob")])
        let reply = try reply(to: request, code, secret: Vectors.secret) { writer, _ in
            writer.append(type: AttributeType.replyMessage, text: "hello")
        }
        #expect(Array(reply[20..<22]) == [80, 18])
        #expect(try answers(reply, request, Vectors.secret, requireMessageAuthenticator: true))
    }

    @Test(.proves("RAD-04", "G-02"))
    func `the accounting port answers a Status-Server with a Message-Authenticator when asked to`() throws {
        let request = try request([.messageAuthenticator], .statusServer)
        let reply = try reply(
            to: request,
            .accountingResponse,
            secret: Vectors.secret,
            messageAuthenticator: true
        )
        #expect(reply.count == 38)
        #expect(try answers(reply, request, Vectors.secret, requireMessageAuthenticator: true))
    }

    @Test(.proves("G-02"))
    func `Proxy-State is echoed unchanged and in order`() throws {
        let states = [[1, 2, 3], [], [UInt8](repeating: 0, count: 253), [1, 2, 3]].map {
            Attribute(AttributeType.proxyState, $0)
        }
        let request = try request([
            states[0], Attribute(AttributeType.userName, text: "bob"), states[1], states[2], states[3],
        ])
        let reply = try reply(to: request, .accessReject, secret: Vectors.secret) { writer, view in
            #expect(view.proxyStateCount == 4)
            writer.copyProxyState(from: view)
        }
        #expect(try Packet(parsing: reply).attributes.dropFirst() == states[...])
    }

    @Test func `a reply is written into exactly the room it needs and not into less`() throws {
        let request = try request([])
        let fill: (inout ReplyWriter, PacketView) -> Void = { writer, _ in
            writer.append(type: AttributeType.sessionTimeout, 60)
        }
        #expect(try reply(to: request, .accessAccept, secret: Vectors.secret, capacity: 44, fill).count == 44)
        for capacity in 0..<44 {
            let none = try reply(to: request, .accessAccept, secret: Vectors.secret, capacity: capacity, fill)
            #expect(none.isEmpty, "capacity \(capacity)")
        }
    }

    @Test func `a reply never exceeds 4096 octets however large the buffer`() throws {
        let request = try request([])
        func write(_ count: Int) throws -> Int {
            try reply(to: request, .accountingResponse, secret: Vectors.secret, capacity: 9000) { writer, _ in
                for _ in 0..<count {
                    writer.append(type: AttributeType.replyMessage, [UInt8](repeating: 0, count: 253))
                }
            }.count
        }
        #expect(try write(15) == 20 + 15 * 255)
        #expect(try write(16) == 0)
    }

    @Test func `values that no attribute holds overflow, and what follows does not hide it`() throws {
        let request = try request([])
        let tooLong = try reply(to: request, .accessAccept, secret: Vectors.secret) { writer, _ in
            writer.append(type: AttributeType.class, [UInt8](repeating: 0, count: 254))
            writer.append(type: AttributeType.sessionTimeout, 1)
            let overflowed = writer.overflowed
            #expect(overflowed)
        }
        #expect(tooLong.isEmpty)
        let vendor = try reply(to: request, .accessAccept, secret: Vectors.secret) { writer, _ in
            writer.appendVendor(vendor: Vendor.cisco, type: 1, [UInt8](repeating: 0, count: 248))
        }
        #expect(vendor.isEmpty)
        let fits = try reply(to: request, .accessAccept, secret: Vectors.secret) { writer, _ in
            writer.appendVendor(vendor: Vendor.cisco, type: 1, [UInt8](repeating: 0, count: 247))
        }
        #expect(fits.count == 20 + 18 + 255)
    }

    @Test(arguments: [
        (Vendor.mikrotik, UInt8(8), Array("10M/50M".utf8), "1a0f00003a8c080931304d2f35304d"),
        (Vendor.huawei, 2, octets("00989680"), "1a0c000007db020600989680"),
        (Vendor.wispr, 8, octets("02faf080"), "1a0c0000372a080602faf080"),
        (Vendor.cisco, 1, Array("foo".utf8), "1a0b000000090105666f6f"),
        (Vendor.juniperERX, 26, Array("50M".utf8), "1a0b0000130a1a0535304d"),
        (Vendor.nokia, 13, Array("gold".utf8), "1a0c0000197f0d06676f6c64"),
        (Vendor.ubiquiti, 1, octets("000000000000c350"), "1a100000a098010a000000000000c350"),
    ])
    func `vendors' attributes are written octet by octet`(
        vendor: UInt32,
        type: UInt8,
        value: [UInt8],
        encoded: String
    ) throws {
        let request = try request([])
        let reply = try reply(to: request, .accountingResponse, secret: Vectors.secret) { writer, _ in
            writer.appendVendor(vendor: vendor, type: type, value)
        }
        #expect(Array(reply[20...]) == octets(encoded))
        #expect(Attribute.vendor(vendor, type, value).encoded == octets(encoded))
        #expect(try Packet(parsing: reply).firstVendor(vendor, type) == value)
    }

    @Test func `prepared attributes are taken over as they are`() throws {
        let request = try request([])
        let prepared = octets("1b0600015180" + "1a0f00003a8c080931304d2f35304d")
        let reply = try reply(to: request, .accessAccept, secret: Vectors.secret) { writer, _ in
            writer.appendRaw(prepared)
        }
        #expect(Array(reply[38...]) == prepared)
    }
}
