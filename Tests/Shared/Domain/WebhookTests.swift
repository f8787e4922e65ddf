import Domain
import SharedTesting
import Testing

/// Where events may be sent, which, and when again.
@Suite(.proves("PLT-25")) struct WebhookTests {
    @Test(arguments: [
        "https://127.0.0.1/", "https://10.1.2.3/", "https://172.16.0.1/", "https://172.31.255.255/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest", "https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.0.1/",
        "https://255.255.255.255/", "https://192.0.2.1/", "https://198.18.0.1/", "https://203.0.113.9/",
        "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fc00::1]/", "https://[fd12::1]/",
        "https://[ff02::1]/", "https://[2001:db8::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://localhost/", "https://a.localhost/",
        "https://redis/", "http://example.net/", "https://user:pass@example.net/", "https://user@example.net/",
        "https://example.net:22/", "https://example.net:0/", "https://example.net:65536/", "https://example.net/#x",
        "https://example.net\\@10.0.0.1/", "ftp://example.net/", "https:///x", "https://", "https://exa mple.net/",
        "https://2130706433/", "https://0x7f.1/", "https://[::1", "https://example.net:/",
    ])
    func `a place inside, or one that cannot be, is refused`(url: String) {
        #expect(WebhookURL.problem(of: url, allowPrivate: false) != nil)
    }

    @Test(arguments: [
        "https://example.net", "https://example.net/hooks?key=1", "https://example.net:8443/x", "https://8.8.8.8/x",
        "https://[2606:4700::1111]/", "https://EXAMPLE.net/",
    ])
    func `a place outside is taken`(url: String) {
        #expect(WebhookURL.problem(of: url, allowPrivate: false) == nil)
    }

    @Test func `the operator may allow what is private, and never credentials`() {
        for url in ["http://127.0.0.1:9000/x", "http://redis/", "https://10.0.0.1/"] {
            #expect(WebhookURL.problem(of: url, allowPrivate: true) == nil, "\(url)")
        }
        #expect(WebhookURL.problem(of: "http://a:b@127.0.0.1/", allowPrivate: true) != nil)
        #expect(WebhookURL.host(of: "https://hooks.example.net:8443/secret?x=y") == "hooks.example.net")
    }

    @Test func `no address of a range for special purposes is public`() {
        for (text, isPublic) in [
            ("9.255.255.255", true), ("10.0.0.0", false), ("11.0.0.0", true), ("100.63.255.255", true),
            ("100.127.255.255", false), ("100.128.0.0", true), ("172.15.255.255", true), ("172.32.0.0", true),
            ("192.0.0.8", false), ("192.88.99.1", false), ("198.20.0.0", true), ("223.255.255.255", true),
            ("240.0.0.1", false), ("2001::1", false), ("2001:200::1", true), ("2002:808:808::1", true),
            ("2002:7f00:1::1", false), ("3fff::1", false), ("4000::1", false), ("::ffff:8.8.8.8", false),
            ("64:ff9b::808:808", false), ("fec0::1", false),
        ] {
            #expect(IPAddress(text)?.isPublic == isPublic, "\(text)")
        }
    }

    @Test func `filters match kinds, and never what is told to nobody outside`() {
        #expect(WebhookFilter.matches(["*"], "session.started"))
        #expect(WebhookFilter.matches(["session.*"], "session.started"))
        #expect(!WebhookFilter.matches(["session.*"], "sessions.started"))
        #expect(!WebhookFilter.matches(["session.started"], "session.stopped"))
        #expect(!WebhookFilter.matches(["*"], "intercept.activated"))
        #expect(!WebhookFilter.matches(["*", "messaging.*"], "messaging.dead_lettered"))
        for pattern in ["*", "session.*", "a.b", "a.b.*"] { #expect(WebhookFilter.isPattern(pattern), "\(pattern)") }
        for pattern in ["", "session", "*.started", "session.*.x", "Session.started", "a..b", "a.", "**", "session*"] {
            #expect(!WebhookFilter.isPattern(pattern), "\(pattern)")
        }
    }

    @Test func `the pauses are those of the specification, three days in all`() {
        let retries = WebhookRetries()
        var total: Duration = .zero
        for attempt in 1...9 { total += retries.pause(behind: attempt, jitter: 0) }
        #expect(total == .seconds(75 * 3_600 + 35 * 60 + 5))
        #expect(retries.pause(behind: 1, jitter: 1) == .milliseconds(5_500))
        #expect(WebhookRetries(longestPause: .seconds(7)).pause(behind: 4, jitter: 0) == .seconds(7))
    }

    @Test func `each answer has its consequence`() {
        let retries = WebhookRetries()
        let first = Timestamp(microseconds: 1_000_000)
        func verdict(_ answer: WebhookRetries.Answer, _ attempt: Int = 1, after: Duration = .zero)
            -> WebhookRetries.Verdict
        {
            retries.verdict(answer, attempt: attempt, first: first, now: first + after, jitter: 0)
        }
        #expect(
            verdict(.status(200, retryAfter: nil)) == .delivered && verdict(.status(299, retryAfter: nil)) == .delivered
        )
        #expect(verdict(.status(410, retryAfter: nil)) == .gone)
        #expect(verdict(.status(302, retryAfter: nil)) == .again(after: .seconds(5), "redirected"))
        #expect(verdict(.status(500, retryAfter: .seconds(60))) == .again(after: .seconds(5), "server_error"))
        #expect(verdict(.status(503, retryAfter: .seconds(60))) == .again(after: .seconds(60), "server_error"))
        #expect(verdict(.status(429, retryAfter: .seconds(1))) == .again(after: .seconds(5), "throttled"))
        #expect(verdict(.status(429, retryAfter: .seconds(86_400))) == .again(after: .seconds(3 * 3_600), "throttled"))
        #expect(verdict(.none("timeout"), 3) == .again(after: .seconds(1_800), "timeout"))
        #expect(verdict(.status(400, retryAfter: nil), 4) == .again(after: .seconds(7_200), "refused"))
        #expect(verdict(.status(400, retryAfter: nil), 5) == .failed("refused"))
        #expect(verdict(.status(429, retryAfter: nil), 5) == .again(after: .seconds(18_000), "throttled"))
        #expect(verdict(.none("timeout"), 10, after: .seconds(75 * 3_600)) == .failed("timeout"))
    }

    @Test func `an endpoint at which nothing succeeds for three days is disabled, one success begins anew`() {
        let retries = WebhookRetries()
        let begin = Timestamp(microseconds: 0)
        var standing = WebhookStanding()
        let again = WebhookRetries.Verdict.again(after: .seconds(5), "timeout")
        standing = retries.standing(standing, after: again, at: begin)
        #expect(retries.disables(standing, after: again, at: begin) == nil)
        #expect(standing.pausedUntil == begin + .seconds(5) && standing.failures == 1)
        let late = begin + .seconds(3 * 86_400)
        #expect(
            retries.disables(retries.standing(standing, after: again, at: late), after: again, at: late) == "failing"
        )
        standing = retries.standing(standing, after: .delivered, at: late)
        #expect(standing.failingSince == nil && standing.failures == 0 && standing.lastSuccessAt == late)
        #expect(retries.disables(standing, after: .gone, at: late) == "gone")
    }

    @Test func `who is above hears of what is below where he asks, and nobody else does`() {
        let ids = (1...4).map { TenantID(UUID128(high: 0, low: $0)) }
        func entry(_ tenant: Int, _ low: UInt64, children: Bool = false) -> WebhookRoster.Entry {
            WebhookRoster.Entry(
                tenantID: ids[tenant],
                id: WebhookEndpointID(UUID128(high: 1, low: low)),
                events: ["*"],
                includesChildren: children
            )
        }
        // 0 above 1 above 2; 3 beside 1.
        let roster = WebhookRoster(
            [entry(0, 1, children: true), entry(0, 2), entry(1, 3), entry(2, 4), entry(3, 5, children: true)],
            parents: [ids[1]: ids[0], ids[2]: ids[1], ids[3]: ids[0]]
        )
        func told(_ tenant: Int) -> Set<UInt64> {
            Set(roster.entries(for: "session.started", of: ids[tenant]).map(\.id.value.low))
        }
        #expect(told(0) == [1, 2] && told(1) == [1, 3] && told(2) == [1, 4] && told(3) == [1, 5])
        let circle = WebhookRoster([entry(0, 1, children: true)], parents: [ids[0]: ids[1], ids[1]: ids[0]])
        #expect(!circle.entries(for: "session.started", of: ids[1]).isEmpty)
    }
}
