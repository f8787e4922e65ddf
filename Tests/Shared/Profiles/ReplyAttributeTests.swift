import Domain
import Profiles
import RADIUS
import SharedTesting
import Testing

@Suite struct ReplyAttributeTests {
    private let encoder: ReplyAttributeEncoder
    private let codec: AttributeCodec

    init() throws {
        let dictionary = try BuiltInDictionary.load()
        encoder = ReplyAttributeEncoder(dictionary)
        codec = AttributeCodec(dictionary)
    }

    private func operation(
        _ name: String,
        _ action: ReplyOperator,
        _ value: String = "",
        vendor: NASVendor? = nil
    ) throws -> ReplyOperation {
        try encoder.operation(ReplyAttribute(name: name, action: action, value: value, vendor: vendor))
    }

    private func template(_ pairs: [(String, String)]) throws -> [UInt8] {
        try codec.encode(pairs.map { AttributePair($0.0, $0.1) }).flatMap { $0.encoded ?? [] }
    }

    private func result(_ operations: [ReplyOperation], _ template: [UInt8], _ vendor: NASVendor = .mikrotik) -> [UInt8]
    {
        let (kept, extras) = operations.applied(to: template, for: vendor)
        return kept + extras
    }

    @Test(.proves("RAD-10", "RAD-12"))
    func `set replaces all of a name, add stands beside, remove takes out all or the equal one`() throws {
        let before = try template([
            ("Service-Type", "Framed-User"), ("Mikrotik-Rate-Limit", "10M/50M"), ("Mikrotik-Address-List", "active"),
            ("Filter-Id", "a"), ("Filter-Id", "b"),
        ])
        #expect(
            result([try operation("Mikrotik-Rate-Limit", .set, "1M/2M")], before)
                == (try template([
                    ("Service-Type", "Framed-User"), ("Mikrotik-Address-List", "active"), ("Filter-Id", "a"),
                    ("Filter-Id", "b"), ("Mikrotik-Rate-Limit", "1M/2M"),
                ]))
        )
        #expect(
            result([try operation("Filter-Id", .add, "c")], before) == before + (try template([("Filter-Id", "c")]))
        )
        #expect(
            result([try operation("Filter-Id", .remove)], before)
                == (try template([
                    ("Service-Type", "Framed-User"), ("Mikrotik-Rate-Limit", "10M/50M"),
                    ("Mikrotik-Address-List", "active"),
                ]))
        )
        #expect(
            result([try operation("Filter-Id", .remove, "a")], before)
                == (try template([
                    ("Service-Type", "Framed-User"), ("Mikrotik-Rate-Limit", "10M/50M"),
                    ("Mikrotik-Address-List", "active"), ("Filter-Id", "b"),
                ]))
        )
        // Another of MikroTik's attributes is not touched, nor another vendor's of the same number.
        #expect(result([try operation("Huawei-Input-Peak-Rate", .remove)], before) == before)
    }

    @Test(.proves("RAD-10"))
    func `operations work in their order, and only for their vendor`() throws {
        let list = [
            try operation("Filter-Id", .add, "a"), try operation("Filter-Id", .remove, "a"),
            try operation("Filter-Id", .add, "b"), try operation("Filter-Id", .set, "c"),
            try operation("Cisco-AVPair", .add, "ip:sub-qos-policy-in=HOME", vendor: .cisco),
        ]
        #expect(result(list, [], .mikrotik) == (try template([("Filter-Id", "c")])))
        #expect(
            result(list, [], .cisco)
                == (try template([("Filter-Id", "c"), ("Cisco-AVPair", "ip:sub-qos-policy-in=HOME")]))
        )
    }

    @Test(.proves("RAD-10"))
    func `an attribute with a tag replaces those with the same tag only`() throws {
        let before = try template([("ERX-Service-Activate:1", "video"), ("ERX-Service-Activate:2", "voice")])
        #expect(
            result([try operation("ERX-Service-Activate:1", .set, "speed(50m,10m)")], before, .juniper)
                == (try template([("ERX-Service-Activate:2", "voice"), ("ERX-Service-Activate:1", "speed(50m,10m)")]))
        )
    }

    @Test(
        .proves("RAD-10", "RAD-12"),
        arguments: [
            "User-Password", "CHAP-Password", "State", "Class", "Proxy-State", "EAP-Message", "Message-Authenticator",
            "CHAP-Challenge", "MS-MPPE-Send-Key", "MS-MPPE-Recv-Key", "MS-CHAP2-Success", "MS-MPPE-Encryption-Policy",
            "Attr-26.311.16", "Attr-80", "Attr-26", "Session-Timeout", "Framed-IP-Address", "Framed-IPv6-Prefix",
            "Delegated-IPv6-Prefix", "Framed-IPv6-Address",
        ]
    )
    func `what the server owns is refused, by name or number`(name: String) throws {
        for action in ReplyOperator.allCases {
            let attribute = ReplyAttribute(name: name, action: action, value: "0x00")
            let error = #expect(throws: ReplyAttributeError.self) { try encoder.operation(attribute) }
            guard case .owned = error else {
                Issue.record("\(name) \(action): \(String(describing: error))")
                continue
            }
        }
    }

    @Test(
        .proves("RAD-10"),
        arguments: [
            ("No-Such-Thing", "1", "no dictionary knows it"), ("Framed-MTU", "wide", "must be a number"),
            ("MS-Primary-DNS-Server", "example", "must be an address"), ("Filter-Id:1", "a", "takes no tag"),
            ("Tunnel-Password", "pa55phrase", "hidden under a shared secret"),
        ]
    )
    func `a value that does not encode is refused with the reason`(name: String, value: String, reason: String) {
        let attribute = ReplyAttribute(name: name, action: .add, value: value)
        let error = #expect(throws: ReplyAttributeError.self) { try encoder.operation(attribute) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(error?.description.contains(value) == false || name == "Filter-Id:1", "the value is not repeated")
    }

    @Test(.proves("RAD-10"))
    func `the writer takes out of a reply exactly what the operation takes out of a template`() throws {
        var random = SeededRandom()
        let names = ["Filter-Id", "Mikrotik-Address-List", "Cisco-AVPair", "Reply-Message", "Huawei-Policy-Name"]
        for _ in 0..<300 {
            let pairs = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                (names.randomElement(using: &random) ?? "", ["a", "bb", "ccc"].randomElement(using: &random) ?? "")
            }
            let before = try template(pairs)
            let name = names.randomElement(using: &random) ?? ""
            let value = Bool.random(using: &random) ? "bb" : ""
            let operation = try operation(name, .remove, value)
            let expected = try template(pairs.filter { $0.0 != name || !value.isEmpty && $0.1 != value })
            #expect(result([operation], before) == expected, "\(pairs) -\(name) \(value)")
            var buffer = [UInt8](repeating: 0, count: 4096)
            let written = unsafe buffer.withUnsafeMutableBytes { room in
                var writer = unsafe ReplyWriter(into: room, code: .accessAccept, identifier: 1)
                let start = writer.length
                writer.appendRaw(before)
                writer.remove(from: start, matching: operation.pattern, equalTo: operation.octets)
                return start..<writer.leave()
            }
            #expect(Array(buffer[written]) == expected, "\(pairs) -\(name) \(value)")
        }
    }
}
