import Events
import FoundationEssentials
import SharedTesting
import Testing
import WireFormat

@testable import APIGateway

@Suite(.proves("WS-06")) struct EventMaskTests {
    /// The goldens of all events, which a new event cannot do without.
    private static let goldens: [(name: String, json: [UInt8])] = {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../Shared/Events/Golden"
        )
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.sorted().compactMap { name in
            // Accounting records travel in a stream that no page shows.
            guard !name.hasPrefix("AccountingRecorded"), let data = try? Data(contentsOf: folder.appending(path: name))
            else { return nil }
            return (name, Array(data))
        }
    }()

    /// Every member's name and text of an event's data.
    private func texts(of json: [UInt8]) throws -> [(name: String, text: String?)] {
        var found: [(String, String?)] = []
        func walk(_ reader: inout JSONReader, _ name: String) throws(JSONError) {
            switch try reader.peek() {
            case .object:
                try reader.readObject { reader, key throws(JSONError) in
                    found.append((key, nil))
                    try walk(&reader, key)
                }
            case .array: try reader.readArray { reader throws(JSONError) in try walk(&reader, name) }
            case .string: found.append((name, try reader.readString()))
            default: try reader.skipValue()
            }
        }
        var reader = JSONReader(json)
        try reader.readObject { reader, key throws(JSONError) in
            if key == "data" { try walk(&reader, key) } else { try reader.skipValue() }
        }
        return found
    }

    @Test func `what every member of every event may show was decided`() throws {
        #expect(Self.goldens.count > 40)
        for golden in Self.goldens {
            for (name, _) in try texts(of: golden.json) where name != "data" {
                #expect(
                    EventFields.sight(of: name) != .secret,
                    "\(golden.name): EventFields says nothing about \(name)"
                )
            }
        }
    }

    @Test func `whoever may see people sees every golden as it is`() throws {
        for golden in Self.goldens {
            let shown = String(decoding: try EventMask.revealed.applied(to: golden.json), as: UTF8.self)
            #expect(shown + "\n" == String(decoding: golden.json, as: UTF8.self), "\(golden.name)")
        }
    }

    @Test func `a masked golden holds no person's value and everything else`() throws {
        for golden in Self.goldens {
            let shown = try EventMask.masked.applied(to: golden.json)
            let before = try texts(of: golden.json)
            let after = try texts(of: shown)
            #expect(before.map(\.name) == after.map(\.name))
            for (old, new) in zip(before, after) {
                if EventFields.sight(of: old.name) == .plain || old.text == nil {
                    #expect(old.text == new.text, "\(golden.name): \(old.name)")
                } else {
                    #expect(
                        old.text != new.text && new.text?.contains(EventMask.blank) == true,
                        "\(golden.name): \(old.name)"
                    )
                }
            }
        }
    }

    @Test(arguments: [
        ("alice@example.net", EventFields.Sight.name, "a***@example.net"), ("al", .name, "***"), ("", .name, "***"),
        ("00:11:22:33:44:55", .name, "00:11:22:***"), ("00-11-22-33-44-55", .hardware, "00:11:22:***"),
        ("0011.2233.4455", .hardware, "00:11:22:***"), ("+49 170 1234567", .hardware, "***"),
        ("100.64.0.7", .address, "100.64.***"), ("2001:db8:1:100::/56", .address, "2001:db8:***"),
        ("::1", .address, "***"),
        ("anything", .hidden, "***"), ("anything", .secret, "***"), ("anything", .plain, "anything"),
    ])
    func `a value is cut down as its kind says`(text: String, sight: EventFields.Sight, expected: String) {
        #expect(EventMask.shortened(text, as: sight) == expected)
    }

    @Test func `what nobody decided about is shown to nobody`() throws {
        let event = Array(
            #"{"tenantid":"x","unheard":"of","data":{"password":"secret","deep":{"username":"bob"},"count":3}}"#.utf8
        )
        let revealed = String(decoding: try EventMask.revealed.applied(to: event), as: UTF8.self)
        #expect(revealed == #"{"tenantid":"x","data":{"password":"***","deep":"***","count":3}}"#)
        #expect(try EventMask.masked.applied(to: event) == Array(revealed.utf8))
    }

    @Test func `no name, device or address of anybody comes through a mask`() throws {
        var random = SeededRandom()
        let letters = Array("abcdefghijklmnopqrstuvwxyzäöü中\"\\ -_+.").map(String.init)
        for _ in 0..<300 {
            let name = (0..<Int.random(in: 3...20, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? ""
            }.joined()
            let octets = random.bytes(6)
            let device = octets.map { Hex.encode([$0]) }.joined(separator: Bool.random(using: &random) ? ":" : "-")
            let address = "\(octets[0]).\(octets[1]).\(octets[2]).\(octets[3])"
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("data")
            writer.beginObject()
            for (key, value) in [("username", name), ("callingStationId", device), ("framedIpv4", address)] {
                writer.key(string: key)
                writer.value(value)
            }
            writer.endObject()
            writer.endObject()
            let shown = try texts(of: try EventMask.masked.applied(to: writer.finish())).compactMap(\.text)
            #expect(shown.count == 3)
            for value in [name, device, address] {
                #expect(!shown.contains { $0.contains(value) }, "\(value) in \(shown)")
            }
            #expect(shown[0].count <= 4, "more than a first character: \(shown[0])")
        }
    }

    @Test func `what is no event is refused, not passed on`() {
        for text in ["", "[]", "{", #"{"data":{"username":"a"}"#, #"{"data":{"username":"a"}}}"#, "null"] {
            #expect(throws: JSONError.self) { try EventMask.masked.applied(to: Array(text.utf8)) }
        }
    }
}
