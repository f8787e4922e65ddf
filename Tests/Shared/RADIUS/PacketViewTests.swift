import RADIUS
import SharedTesting
import Testing

@Suite struct PacketViewTests {
    /// A packet of those encoded attributes with a right Length, then `padding`.
    private func packet(_ attributes: [UInt8], length: Int? = nil, padding: [UInt8] = []) -> [UInt8] {
        let length = length ?? 20 + attributes.count
        return [1, 7, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
            + [UInt8](repeating: 0xA5, count: 16) + attributes + padding
    }

    private func refusal(_ bytes: [UInt8]) -> PacketError? {
        do {
            try withView(bytes) { _ in }
            return nil
        } catch {
            return error as? PacketError
        }
    }

    @Test func `the shortest packet is a header alone`() throws {
        try withView(packet([])) { view in
            #expect(view.code == 1)
            #expect(view.knownCode == .accessRequest)
            #expect(view.identifier == 7)
            #expect(view.length == 20)
            #expect(unsafe [UInt8](view.authenticator) == [UInt8](repeating: 0xA5, count: 16))
            #expect(!view.contains(AttributeType.userName))
            #expect(view.messageAuthenticatorOffset == nil)
        }
    }

    @Test func `octets beyond the Length are padding`() throws {
        try withView(packet([1, 3, 0x62], padding: [5, 0, 0])) { view in
            #expect(view.length == 23)
            #expect(value(AttributeType.userName, in: view) == [0x62])
            #expect(!view.contains(AttributeType.nasPort))
        }
    }

    @Test func `every prefix of a header is too short`() {
        for count in 0..<20 { #expect(refusal(Array(packet([])[..<count])) == .tooShort) }
    }

    @Test func `a Length outside 20 to 4096 or beyond what arrived is refused`() {
        #expect(refusal(packet([], length: 19)) == .lengthOutOfRange)
        #expect(refusal(packet([], length: 0)) == .lengthOutOfRange)
        #expect(refusal(packet([], length: 21)) == .truncated)
        let full = Array((0..<16).map { _ in [UInt8(18), 253] + [UInt8](repeating: 0x20, count: 251) }.joined())
        let rest = [UInt8(18), 28] + [UInt8](repeating: 0x20, count: 26)
        #expect(refusal(packet(full + rest)) == nil)
        #expect(packet(full + rest).count == 4096)
        #expect(refusal(packet(full + rest + [1, 2])) == .lengthOutOfRange)
        #expect(refusal(packet([], length: 0xFFFF)) == .lengthOutOfRange)
    }

    @Test(arguments: [
        [1], [1, 0], [1, 1], [1, 3], [1, 255, 0], [1, 3, 0, 9], [1, 3, 0, 9, 1], [26, 0, 0, 0, 0, 9],
    ])
    func `an attribute shorter than its header or longer than the packet is refused`(attributes: [UInt8]) {
        #expect(refusal(packet(attributes)) == .malformedAttribute)
    }

    @Test(.proves("RAD-04"))
    func `a Message-Authenticator is 16 octets long and stands once`() {
        let good = [UInt8(80), 18] + [UInt8](repeating: 0, count: 16)
        #expect(refusal(packet(good)) == nil)
        #expect(refusal(packet(good + good)) == .repeatedMessageAuthenticator)
        #expect(refusal(packet([80, 2])) == .malformedMessageAuthenticator)
        #expect(refusal(packet([80, 17] + [UInt8](repeating: 0, count: 15))) == .malformedMessageAuthenticator)
        #expect(refusal(packet([80, 19] + [UInt8](repeating: 0, count: 17))) == .malformedMessageAuthenticator)
    }

    @Test func `EAP-Message attributes stand together`() throws {
        #expect(refusal(packet([79, 3, 1, 79, 3, 2, 1, 3, 0x62])) == nil)
        #expect(refusal(packet([79, 3, 1, 1, 3, 0x62, 79, 3, 2])) == .scatteredEAPMessage)
        #expect(try withView(packet([79, 3, 1])) { $0.hasEAP })
    }

    @Test func `the first of a type is found, above and below the table, and a value may be empty`() throws {
        try withView(packet([1, 2, 1, 3, 9, 200, 3, 1, 200, 3, 2, 27, 6, 0, 1, 0x51, 0x80, 28, 3, 1])) { view in
            #expect(value(AttributeType.userName, in: view) == [])
            #expect(value(200, in: view) == [1])
            #expect(value(201, in: view) == nil)
            #expect(view.uint32(AttributeType.sessionTimeout) == 86400)
            #expect(view.uint32(AttributeType.idleTimeout) == nil, "three octets are no integer")
            var types: [UInt8] = []
            unsafe view.forEach { type, _ in types.append(type) }
            #expect(types == [1, 1, 200, 200, 27, 28])
        }
    }

    @Test func `a vendor's attributes are found one by one and several in one`() throws {
        let attributes: [UInt8] = [26, 15, 0, 0, 0x3A, 0x8C, 8, 9] + Array("10M/50M".utf8)
        let two: [UInt8] = [26, 14, 0, 0, 1, 0x37, 7, 4, 0, 1, 8, 4, 0, 6]
        try withView(packet(attributes + two)) { view in
            #expect(vendorValue(Vendor.mikrotik, MikroTikAttribute.rateLimit, in: view) == Array("10M/50M".utf8))
            #expect(vendorValue(Vendor.microsoft, MicrosoftAttribute.mppeEncryptionPolicy, in: view) == [0, 1])
            #expect(vendorValue(Vendor.microsoft, MicrosoftAttribute.mppeEncryptionTypes, in: view) == [0, 6])
            #expect(vendorValue(Vendor.cisco, 1, in: view) == nil)
        }
    }

    @Test(arguments: [
        [26, 2], [26, 5, 0, 0, 9], [26, 6, 0, 0, 0, 9], [26, 7, 0, 0, 0, 9, 1], [26, 8, 0, 0, 0, 9, 1, 0],
        [26, 8, 0, 0, 0, 9, 1, 3], [26, 9, 0, 0, 0, 9, 1, 255, 0],
    ])
    func `a Vendor-Specific attribute of another make is passed over`(attribute: [UInt8]) throws {
        try withView(packet(attribute + [1, 3, 0x62])) { view in
            #expect(vendorValue(9, 1, in: view) == nil)
            #expect(value(AttributeType.userName, in: view) == [0x62])
        }
    }

    @Test func `an unknown code is read and left to the caller`() throws {
        var bytes = packet([])
        bytes[0] = 200
        try withView(bytes) { view in
            #expect(view.code == 200)
            #expect(view.knownCode == nil)
        }
    }
}
