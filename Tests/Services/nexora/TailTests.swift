import Domain
import Events
import NexoraCommand
import SharedTesting
import Testing
import WireFormat

@Suite struct TailTests {
    @Test(arguments: [
        ("accounting.sessions.>", "accounting.>", true), ("session.*.t", "session.>", true),
        ("radius.refused.t", "session.>", false),
        (">", "usage.>", true), ("*.started.*", "session.>", true), ("session", "session.>", false),
        ("a.b", "a.b", true),
        ("a.b", "a.b.c", false),
    ])
    func `subjects overlap as the server sees it`(_ left: String, _ right: String, _ expected: Bool) {
        #expect(EventFilter.overlap(left, right) == expected)
        #expect(EventFilter.overlap(right, left) == expected)
    }

    @Test(arguments: [
        ("session.>", true), ("*.x", true), ("", false), ("a..b", false), ("a.>.b", false), ("a b", false),
        ("a*", false), (".a", false),
    ])
    func `a subject's form is checked before the server sees it`(_ subject: String, _ expected: Bool) {
        #expect(EventFilter.isValidSubject(subject) == expected)
    }

    @Test func `tenants are chosen by subject, so that others never leave the server`() {
        var filter = EventFilter()
        #expect(filter.serverSubjects(prefixes: ["session.>", "usage.>"]) == ["session.>", "usage.>"])
        filter.tenants = ["t1"]
        #expect(
            filter.serverSubjects(prefixes: ["session.>", "accounting.sessions.>"]) == [
                "session.*.t1", "accounting.sessions.t1.>",
            ]
        )
        filter.subjects = ["radius.>"]
        #expect(filter.serverSubjects(prefixes: ["session.>", "radius.>"]) == ["radius.>"])
        #expect(filter.serverSubjects(prefixes: ["accounting.sessions.>"]).isEmpty)
    }

    static let payload = #"""
        {"specversion":"1.0","id":"e1","type":"nexora.radius.v1.PacketRefused","time":"2026-11-20T10:00:00.5Z","tenantid":"t-00000001",
        "data":{"reason":"BAD_AUTHENTICATOR","nasId":"n-1","nasName":"core\u001b[2J","username":"ann","count":"3","remedy":"check the secret"}}
        """#

    @Test func `an event is a line of columns that cannot drive a terminal`() {
        let line = EventLine(sequence: 42, subject: "radius.refused.t", payload: Array(Self.payload.utf8))
        #expect(line.columns.hasPrefix("2026-11-20T10:00:00.5Z"))
        #expect(line.columns.contains("PacketRefused") && line.columns.contains(" ann "))
        #expect(line.columns.contains(#"remedy="check the secret""#) && line.columns.contains("count=3"))
        #expect(!line.columns.contains("\u{1b}"))
        #expect(line.columns.hasSuffix("\n"))
    }

    @Test func `filters look into the payload`() {
        let line = EventLine(sequence: 1, subject: "s", payload: Array(Self.payload.utf8))
        var filter = EventFilter()
        filter.users = ["ann"]
        #expect(line.passes(filter))
        filter.nases = ["n-2"]
        #expect(!line.passes(filter))
        filter.nases = ["n-1"]
        #expect(line.passes(filter))
        filter.tenants = ["other"]
        #expect(!line.passes(filter))
    }

    @Test func `each record of an accounting message is a line of its own`() throws {
        let records = ["ann", "bob"].enumerated().map { number, name in
            AccountingRecord(
                id: EventID(UUID128(high: 1, low: UInt64(number) + 1)),
                tenantID: TenantID(UUID128(high: 2, low: 2)),
                nasID: NASID(UUID128(high: 3, low: 3)),
                nasName: "core",
                statusType: .interimUpdate,
                receivedAt: Timestamp(microseconds: Int64(number) * 1_000_000),
                username: name,
                inputOctets: 7
            )
        }
        var writer = JSONWriter()
        AccountingRecorded(source: "/radius-server/edge", records: records).encode(into: &writer)
        let subject = Subjects.accounting(tenant: records[0].tenantID, nas: records[0].nasID)
        let lines = EventLine.all(sequence: 5, subject: subject, payload: writer.bytes)
        #expect(lines.map(\.user) == ["ann", "bob"])
        #expect(lines.map { $0.envelope["id"].text } == records.map(\.id.description))
        #expect(lines.map { $0.envelope["time"].text } == ["1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"])
        #expect(lines.allSatisfy { $0.sequence == 5 && $0.nas == records[0].nasID.description && $0.nasName == "core" })
        #expect(lines[1].columns.contains(" bob ") && lines[1].columns.contains("statusType=interim_update"))
        #expect(lines[1].columns.contains("inputOctets=7") && !lines[1].columns.contains("records"))
        var filter = EventFilter()
        filter.users = ["bob"]
        #expect(lines.map { $0.passes(filter) } == [false, true])
        // With --json each is an event that a consumer would take.
        var shown = JSONWriter()
        lines[1].envelope.write(to: &shown)
        #expect(try AccountingRecorded(decoding: shown.bytes).records == [records[1]])
        let broken = EventLine.all(sequence: 6, subject: subject, payload: Array("not json".utf8))
        #expect(broken.count == 1 && broken[0].envelope == .null)
    }

    @Test func `what is no event is shown as such`() {
        let line = EventLine(sequence: 9, subject: "x.y", payload: Array("not json".utf8))
        #expect(line.columns.contains("not an event: 8 bytes"))
        #expect(line.record["event"] == .null)
    }
}
