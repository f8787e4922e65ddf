import NexoraCommand
import SharedTesting
import Testing

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

    @Test func `what is no event is shown as such`() {
        let line = EventLine(sequence: 9, subject: "x.y", payload: Array("not json".utf8))
        #expect(line.columns.contains("not an event: 8 bytes"))
        #expect(line.record["event"] == .null)
    }
}
