import Domain
import Events
import FoundationEssentials
import SharedTesting
import Testing
import WireFormat

/// The events as they stand in Golden/: what Tests/Conformance/events_contract_test.py parses with protobuf's own reader.
/// `NEXORA_WRITE_GOLDENS=1` writes them anew.
@Suite(.proves("MSG-06", "MSG-11")) struct GoldenTests {
    @Test func `every event has a golden and every golden an event`() throws {
        let names = try Set(FileManager.default.contentsOfDirectory(atPath: Self.directory))
        #expect(names == Set(Samples.events.map { "\($0.name).json" }))
    }

    @Test(arguments: Samples.events)
    func `an event is written as its golden`(sample: Samples.Sample) throws {
        let path = "\(Self.directory)/\(sample.name).json"
        if ProcessInfo.processInfo.environment["NEXORA_WRITE_GOLDENS"] == "1" {
            try Data(sample.json + [0x0a]).write(to: URL(filePath: path))
        }
        let golden = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(String(decoding: sample.json, as: UTF8.self) + "\n" == golden)
    }

    @Test(arguments: Samples.events)
    func `a golden reads back to the same event`(sample: Samples.Sample) throws {
        #expect(try sample.readBack(sample.json))
        // A member from a later version changes nothing.
        let text = String(decoding: sample.json, as: UTF8.self)
        let newer = text.replacing("\"data\":{}", with: "\"data\":{\"fromLater\":1}")
            .replacing("\"data\":{\"", with: "\"data\":{\"alsoLater\":{\"a\":[1,null]},\"")
        #expect(try sample.readBack(Array(newer.utf8)))
    }

    @Test func `the triggers' own wording of a directory change is understood`() throws {
        let text = """
            {"kind" : "PLAN", "deleted" : false, "rows" : [{"id" : "0192a3b4-0000-7000-8000-000000000003", "version" : "42"}]}
            """
        var reader = JSONReader(Array(text.utf8))
        let event = try DirectoryChanged(from: &reader)
        #expect(event == DirectoryChanged(kind: .plan, deleted: false, rows: [.init(id: Samples.id(3), version: 42)]))
    }

    @Test func `usage is told by tenant, in parts that fit a message, without what is nobody's`() {
        let other = TenantID(Samples.id(99))
        var deltas = (0..<2500).map { number in
            UsageDelta(
                tenantID: number < 2400 ? Samples.tenant : other,
                sessionID: SessionID(Samples.id(UInt64(number))),
                serviceID: number % 2 == 0 ? Samples.service : nil,
                customerID: nil,
                inputOctets: 1,
                outputOctets: 2,
                sessions: 0,
                at: Samples.time
            )
        }
        deltas[0].inputOctets = 0
        deltas[0].outputOctets = 0
        let events = UsageAdvanced.events(for: deltas)
        #expect(events.map(\.tenant) == [Samples.tenant, Samples.tenant, other])
        #expect(events.map(\.event.deltas.count) == [1000, 199, 50])
        #expect(events.allSatisfy { $0.event.json.count < 500_000 })
        #expect(UsageAdvanced.events(for: []).isEmpty)
    }

    @Test func `every event's stream holds its subject`() {
        for sample in Samples.events {
            let holders = Streams.allCases.filter { stream in
                stream.subjects.contains { sample.subject.hasPrefix($0.dropLast(1)) }
            }
            #expect(holders.count == 1, "\(sample.subject)")
        }
        #expect(Subjects.event(SessionStarted.self, tenant: Samples.tenant) == "session.started.\(Samples.tenant)")
        #expect(Subjects.all(DirectoryChanged.self) == "directory.changed.>")
        #expect(Subjects.event(subject: "usage.advanced", tenant: Samples.tenant) == "usage.advanced.\(Samples.tenant)")
    }

    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().path + "/Golden"
}
