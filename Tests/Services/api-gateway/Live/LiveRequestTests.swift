import Domain
import Events
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

    private let now = Timestamp(secondsSince1970: 1_000_000)

    private func start(_ text: String, lastEventID: String? = nil) throws -> LiveStart {
        try LiveStart(query(text), lastEventID: lastEventID, now: now)
    }

    @Test func `where a tail begins is said by header or query`() throws {
        #expect(try start("") == .now)
        #expect(try start("last=7") == .last(7))
        #expect(try start("from=7&last=3") == .after(7))
        #expect(try start("from=7", lastEventID: "9") == .after(9))
        #expect(try start("since=1970-01-12T13:46:40Z") == .since(now))
        #expect(try start("since=1970-01-12T14:46:40.000%2B01:00") == .since(now))
        // A browser's reader comes back to the same address, with where it stood.
        #expect(try start("since=1970-01-12T13:46:40Z", lastEventID: "9") == .after(9))
        for text in [
            "last=1001", "last=-1", "last=%2B1", "last=x", "last=", "from=", "from=1e3", "from=99999999999999999999",
            "from=-1",
        ] {
            #expect(throws: LiveFilterFault.self, "\(text)") { try start(text) }
        }
        #expect(throws: LiveFilterFault.self) { try start("", lastEventID: "x") }
    }

    @Test(arguments: [
        ("since=", "invalid"), ("since=yesterday", "invalid"), ("since=1970-01-12", "invalid"),
        ("since=1970-02-30T00:00:00Z", "invalid"), ("since=1970-01-12T13:46:40", "invalid"),
        ("since=1970-01-12T13:46:40.000001Z", "future"), ("since=9999-12-31T23:59:59Z", "future"),
        ("since=1970-01-12T13:46:40Z&from=7", "excluded"), ("since=1970-01-12T13:46:40Z&last=7", "excluded"),
    ])
    func `a time that is none, has not come, or stands beside a place is refused`(text: String, code: String) throws {
        #expect {
            try start(text)
        } throws: { ($0 as? LiveFilterFault)?.field == "since" && ($0 as? LiveFilterFault)?.code == code }
        #expect(throws: LiveFilterFault.self) { try start(text, lastEventID: "9") }
    }

    private func command(_ text: String) throws -> LiveCommand { try LiveCommand(.text(text), now: now) }

    @Test func `a socket's messages are read strictly`() throws {
        var filter = LiveFilter()
        filter.kinds = ["session.*"]
        filter.usernames = ["alice"]
        let text = #"{"type":"subscribe","filter":{"type":["session.*"],"user":"alice"},"from":17}"#
        #expect(try command(text) == .subscribe(filter, .after(17)))
        #expect(try command(#"{"type":"subscribe"}"#) == .subscribe(LiveFilter(), nil))
        #expect(try command(#"{"type":"subscribe","last":3}"#) == .subscribe(LiveFilter(), .last(3)))
        #expect(
            try command(#"{"type":"subscribe","since":"1970-01-12T13:46:40Z"}"#)
                == .subscribe(LiveFilter(), .since(now))
        )
        #expect(try command(#"{"type":"unsubscribe"}"#) == .unsubscribe)
        let refused = [
            "", "[]", "{}", #"{"type":"publish"}"#, #"{"type":"subscribe","filter":{"password":"x"}}"#,
            #"{"type":"subscribe","filter":{"type":"x"}}"#, #"{"type":"subscribe","last":5000}"#,
            #"{"type":"subscribe","from":-1}"#, #"{"type":"subscribe","extra":1}"#, #"{"type":"subscribe"}{}"#,
            #"{"type":"subscribe","since":7}"#, #"{"type":"subscribe","since":"then"}"#,
            #"{"type":"subscribe","since":"1970-01-12T13:46:41Z"}"#,
            #"{"type":"subscribe","since":"1970-01-12T13:46:40Z","from":3}"#,
            #"{"type":"subscribe","last":3,"since":"1970-01-12T13:46:40Z"}"#,
        ]
        for text in refused { #expect(throws: LiveFilterFault.self, "\(text)") { try command(text) } }
        #expect(throws: LiveFilterFault.self) { try LiveCommand(.binary(Array("{}".utf8)), now: now) }
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
