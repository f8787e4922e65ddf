import Domain
import HTTPServer
import SharedTesting
import Testing

@testable import APIGateway

@Suite(.proves("WS-01", "WS-02")) struct LiveRequestTests {
    private let service = LiveSample.id(3)

    private func query(_ text: String) throws -> Query { try Request(.get, "/x?" + text).query }

    @Test func `a query names what is wanted, each any number of times`() throws {
        let filter = try LiveFilter(
            query("type=session.*&type=radius.access&user=alice&nas=edge-1&service=\(service)&last=5")
        )
        #expect(filter.kinds == ["session.*", "radius.access"])
        #expect(filter.usernames == ["alice"] && filter.nases == ["edge-1"])
        #expect(filter.services == [ServiceID(service)])
        #expect(filter.description == "type=radius.access&type=session.*&nas=edge-1&service=\(service)&user=alice")
    }

    @Test(arguments: [
        "type=session", "type=Session.Started", "type=session.*.x", "type=*.x", "type=", "tenant=x", "service=1",
        "customer=",
        "user=", "nas=",
    ])
    func `a value that cannot be is refused by its name`(text: String) throws {
        #expect {
            try LiveFilter(query(text))
        } throws: { ($0 as? LiveFilterFault)?.field == text.split(separator: "=").first.map(String.init) }
    }

    @Test func `a filter holds a hundred values and not more`() throws {
        var filter = LiveFilter()
        for number in 0..<LiveFilter.maximumValues { try filter.add("user\(number)", to: .user) }
        #expect(throws: LiveFilterFault.self) { try filter.add("one more", to: .user) }
    }

    @Test func `kinds, people and devices are matched as they are asked for`() throws {
        let tenant = LiveSample.tenant(2)
        let event = try LiveSample.event(
            1,
            tenant,
            kind: "session.started",
            username: "alice",
            customer: 10,
            nas: "edge-1"
        )
        let cases: [(String, Bool)] = [
            ("", true), ("type=session.started", true), ("type=session.*", true), ("type=session.stopped", false),
            ("type=sess.*", false), ("user=alice", true), ("user=Alice", false), ("user=bob&user=alice", true),
            ("nas=edge-1", true), ("nas=edge-2", false), ("tenant=\(tenant)", true),
            ("tenant=\(LiveSample.tenant(3))", false),
            ("customer=\(LiveSample.id(10))", true), ("customer=\(LiveSample.id(11))", false),
            ("type=session.*&user=bob", false),
        ]
        for (text, isMatch) in cases {
            #expect(try LiveFilter(query(text)).matches(event) == isMatch, "\(text)")
        }
    }

    @Test func `rows that changed are found by their ids`() throws {
        let tenant = LiveSample.tenant(2)
        for (table, name) in [
            ("NAS", "nas"), ("SERVICE", "service"), ("CREDENTIAL", "service"), ("CUSTOMER", "customer"),
        ] {
            let json =
                #"{"tenantid":"\#(tenant)","time":"t","data":{"kind":"\#(table)","rows":[{"id":"\#(service)","version":"3"}]}}"#
            let event = try LiveEvent(sequence: 1, subject: "directory.changed.\(tenant)", json: Array(json.utf8))
            #expect(try LiveFilter(query("\(name)=\(service)")).matches(event), "\(table)")
            #expect(try !LiveFilter(query("\(name)=\(LiveSample.id(9))")).matches(event), "\(table)")
        }
    }

    @Test func `where a tail begins is said by header or query`() throws {
        #expect(try LiveStart(query(""), lastEventID: nil) == .now)
        #expect(try LiveStart(query("last=7"), lastEventID: nil) == .last(7))
        #expect(try LiveStart(query("from=7&last=3"), lastEventID: nil) == .after(7))
        #expect(try LiveStart(query("from=7"), lastEventID: "9") == .after(9))
        for text in ["last=1001", "last=-1", "last=x", "from=", "from=1e3", "from=99999999999999999999", "from=-1"] {
            #expect(throws: LiveFilterFault.self, "\(text)") { try LiveStart(query(text), lastEventID: nil) }
        }
        #expect(throws: LiveFilterFault.self) { try LiveStart(query(""), lastEventID: "x") }
    }

    @Test func `a socket's messages are read strictly`() throws {
        var filter = LiveFilter()
        filter.kinds = ["session.*"]
        filter.usernames = ["alice"]
        let text = #"{"type":"subscribe","filter":{"type":["session.*"],"user":"alice"},"from":17}"#
        #expect(try LiveCommand(.text(text)) == .subscribe(filter, .after(17)))
        #expect(try LiveCommand(.text(#"{"type":"subscribe"}"#)) == .subscribe(LiveFilter(), nil))
        #expect(try LiveCommand(.text(#"{"type":"subscribe","last":3}"#)) == .subscribe(LiveFilter(), .last(3)))
        #expect(try LiveCommand(.text(#"{"type":"unsubscribe"}"#)) == .unsubscribe)
        let refused = [
            "", "[]", "{}", #"{"type":"publish"}"#, #"{"type":"subscribe","filter":{"password":"x"}}"#,
            #"{"type":"subscribe","filter":{"type":"x"}}"#, #"{"type":"subscribe","last":5000}"#,
            #"{"type":"subscribe","from":-1}"#, #"{"type":"subscribe","extra":1}"#, #"{"type":"subscribe"}{}"#,
        ]
        for text in refused { #expect(throws: LiveFilterFault.self, "\(text)") { try LiveCommand(.text(text)) } }
        #expect(throws: LiveFilterFault.self) { try LiveCommand(.binary(Array("{}".utf8))) }
    }

    @Test(.proves("WS-04", "WS-08")) func `a user has as many tails as he may, and each gives its seat back`() {
        let quota = LiveQuota(perUser: 2)
        let (alice, bob) = (UserID(LiveSample.id(1)), UserID(LiveSample.id(2)))
        var seats = [quota.seat(for: alice), quota.seat(for: alice)]
        #expect(seats.allSatisfy { $0 != nil })
        #expect(quota.seat(for: alice) == nil)
        let other = quota.seat(for: bob)
        #expect(other != nil && quota.taken == 3)
        seats.removeLast()
        #expect(quota.taken == 2 && quota.seat(for: alice) != nil)
        seats = []
        withExtendedLifetime(other) {}
        #expect(quota.taken <= 1)
    }

    @Test func `an entry is shown as each mask shows its event`() throws {
        let entry = LiveEntry(try LiveSample.event(5, LiveSample.tenant(2), username: "alice@example.net"))
        for mask in EventMask.allCases { #expect(entry.json(mask) == (try mask.applied(to: entry.event.json))) }
        #expect(!String(decoding: entry.json(.masked), as: UTF8.self).contains("alice"))
    }
}
