import Domain
import SharedTesting
import Testing

/// What a device is reached by, and when it counts as there.
@Suite struct DeviceTests {
    private static func device(_ edit: (inout Device) -> Void = { _ in }) -> Device {
        var device = Device(
            tenantID: TenantID(UUID128(high: 1, low: 1)),
            id: DeviceID(UUID128(high: 1, low: 2)),
            name: "tower",
            kind: .router,
            host: .address(IPAddress(ipv4: 0xc000_0201))
        )
        edit(&device)
        return device
    }

    @Test(
        .proves("DEV-01"),
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("2001:DB8:0::1", "2001:db8::1"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("Tower-1.Example.NET", "tower-1.example.net"), ("a", "a"), ("3com.example", "3com.example"),
            ("127.0.0.1", "127.0.0.1"), (String(repeating: "a", count: 63), String(repeating: "a", count: 63)),
        ]
    )
    func `hosts are addresses and names, written in one way`(_ text: String, _ canonical: String) {
        #expect(NetworkHost(text)?.description == canonical)
        #expect(NetworkHost(canonical)?.description == canonical)
    }

    @Test(
        .proves("DEV-01"),
        arguments: [
            "", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "192.0.2", "192.0.2.256", "192.0.2.01", "1.2.3.4.5",
            "fe80::1%eth0", "[2001:db8::1]", "192.0.2.1:80", "192.0.2.0/24", "tower\n", "t\u{f6}wer", "\u{212a}el",
            "a\u{0}b", "a.1",
            String(repeating: "a", count: 64), String(repeating: "aa.", count: 90) + "a",
        ]
    )
    func `what is neither is refused`(_ text: String) {
        #expect(NetworkHost(text) == nil)
    }

    @Test(arguments: [
        ("0.0.0.0", true), ("::", true), ("::ffff:0.0.0.0", true), ("127.0.0.1", true), ("127.255.255.254", true),
        ("169.254.169.254", true), ("::1", true), ("fe80::1", true),
        ("febf::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false), ("192.168.88.1", false),
        ("2001:db8::1", false), ("fd00::1", false), ("fec0::1", false), ("128.0.0.1", false),
    ])
    func `addresses of the machine and its links are known`(_ text: String, _ isLocal: Bool) throws {
        #expect(try #require(IPAddress(text)).isLocal == isLocal)
    }

    @Test(.proves("DEV-01", "MTK-01")) func `a device's fields are checked, each by its name`() throws {
        try Self.device().validate()
        #expect(Self.device().port == 8_728)
        func refused(_ edit: (inout Device) -> Void) -> [String] {
            do throws(ValidationError) {
                try Self.device(edit).validate()
                return []
            } catch {
                return error.fields.map(\.field)
            }
        }
        for text in ["0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "255.255.255.255", "ff02::1", "::ffff:224.0.0.1"] {
            let host = try #require(NetworkHost(text))
            #expect(refused { $0.host = host } == ["host"], "\(text)")
        }
        #expect(refused { $0.name = " " } == ["name"])
        #expect(refused { $0.name = "a\nb" } == ["name"])
        #expect(refused { $0.port = 0 } == ["port"])
        #expect(refused { $0.port = 65_536 } == ["port"])
        #expect(refused { $0.username = "" } == ["username"])
        #expect(refused { $0.location = String(repeating: "x", count: 201) } == ["location"])
        #expect(refused { $0.tags = ["a", "a"] } == ["tags"])
        #expect(refused { $0.parentID = $0.id } == ["parent_id"])
        #expect(
            refused { $0.certificateFingerprint = String(repeating: "a", count: 64) } == ["certificate_fingerprint"]
        )
        #expect(
            refused {
                $0.usesTLS = true
                $0.certificateFingerprint = String(repeating: "A", count: 64)
            } == ["certificate_fingerprint"]
        )
    }

    @Test func `fingerprints are read as people paste them`() {
        let plain = String(repeating: "0af7", count: 16)
        let pairs = (0..<32).map { $0 % 2 == 0 ? "0A" : "F7" }.joined(separator: ":")
        #expect(Device.fingerprint(plain) == plain && Device.fingerprint(plain.uppercased()) == plain)
        #expect(Device.fingerprint(pairs) == plain)
        for text in ["", String(plain.dropLast()), plain + "0", String(repeating: "g", count: 64), pairs + ":"] {
            #expect(Device.fingerprint(text) == nil)
        }
    }
}

/// The judgement about a device from what checks of it met.
@Suite(.proves("DEV-03")) struct DeviceHealthTests {
    private static let terms = DeviceHealthTerms(
        failures: 3,
        successes: 2,
        interval: .seconds(60),
        retry: .seconds(10)
    )
    private static let start = Timestamp(secondsSince1970: 1_790_000_000)

    private func play(_ results: [DeviceCheckResult], from status: DeviceStatus = .unknown) -> [DeviceStatus] {
        var health = DeviceHealth(status: status)
        return results.enumerated().map { index, result in
            health.take(result, at: Self.start + .seconds(index), terms: Self.terms)
            return health.status
        }
    }

    @Test func `an outage is three failures in a row, and a recovery two answers`() {
        let lost = DeviceCheckResult.failed(.timedOut)
        #expect(play([.answered]) == [.online])
        #expect(play([lost, lost, lost]) == [.unknown, .unknown, .offline])
        #expect(play([lost, lost, .answered, lost, lost, lost], from: .online).last == .offline)
        #expect(play([lost, lost, .answered, lost, lost], from: .online) == Array(repeating: .online, count: 5))
        #expect(play([.answered, .answered], from: .offline) == [.offline, .online])
        #expect(play([.answered, lost, .answered, lost], from: .offline) == Array(repeating: .offline, count: 4))
    }

    @Test func `what told nothing of the device changes nothing but what is said of the check`() {
        var health = DeviceHealth(status: .online, since: Self.start, failures: 2, lastSeenAt: Self.start)
        for obstacle in DeviceCheckResult.Obstacle.allCases {
            let changed = health.take(.unchecked(obstacle), at: Self.start + .seconds(9), terms: Self.terms)
            #expect(!changed)
            #expect(health.status == .online && health.failures == 2 && health.lastSeenAt == Self.start)
            #expect(health.lastError == obstacle.rawValue && health.checkedAt == Self.start + .seconds(9))
        }
        health.take(.failed(.refused), at: Self.start + .seconds(10), terms: Self.terms)
        #expect(health.status == .offline && health.since == Self.start + .seconds(10))
    }

    @Test func `waits are short in doubt, long otherwise, and spread by a tenth`() {
        var health = DeviceHealth(status: .online)
        #expect(health.wait(Self.terms, luck: 0.5) == .seconds(60))
        for (luck, wait) in [(0.0, Duration.seconds(54)), (1, .seconds(66)), (-1, .seconds(54)), (2, .seconds(66))] {
            let distance = health.wait(Self.terms, luck: luck) - wait
            #expect(distance < .milliseconds(1) && distance > .milliseconds(-1), "\(luck)")
        }
        health.take(.failed(.timedOut), at: Self.start, terms: Self.terms)
        #expect(health.isInDoubt && health.wait(Self.terms, luck: 0.5) == .seconds(10))
        #expect(
            DeviceHealthTerms(failures: 0, successes: 0, interval: .seconds(5), retry: .seconds(9)).retry == .seconds(5)
        )
    }

    @Test func `property: a status stands until enough in a row speaks against it`() {
        var random = SeededRandom("device health")
        let seed = random.seed
        for number in 0..<300 {
            let terms = DeviceHealthTerms(
                failures: Int.random(in: 1...5, using: &random),
                successes: Int.random(in: 1...5, using: &random),
                interval: .seconds(60),
                retry: .seconds(10)
            )
            var health = DeviceHealth()
            var course: [DeviceCheckResult] = []
            for step in 0..<80 {
                let result: DeviceCheckResult =
                    switch Int.random(in: 0...9, using: &random) {
                    case 0...4: .answered
                    case 5...8: .failed(DeviceCheckResult.Failure.allCases.randomElement(using: &random) ?? .other)
                    default: .unchecked(DeviceCheckResult.Obstacle.allCases.randomElement(using: &random) ?? .noRoute)
                    }
                let before = health.status
                let now = Self.start + .seconds(step)
                let changed = health.take(result, at: now, terms: terms)
                if case .unchecked = result {} else { course.append(result) }
                let answers = course.reversed().prefix { $0 == .answered }.count
                let failures = course.reversed().prefix { $0 != .answered }.count
                let note = "seed \(seed), case \(number), step \(step)"
                #expect(changed == (health.status != before), "\(note)")
                switch (before, health.status) {
                case (.unknown, .online): #expect(answers == 1, "\(note)")
                case (.offline, .online): #expect(answers == terms.successes, "\(note)")
                case (.online, .offline), (.unknown, .offline): #expect(failures == terms.failures, "\(note)")
                case (.unknown, .unknown): #expect(answers == 0 && failures < terms.failures, "\(note)")
                case (.online, .online): #expect(failures < terms.failures, "\(note)")
                case (.offline, .offline): #expect(answers < terms.successes, "\(note)")
                case (_, .unknown): Issue.record("forgot what it knew: \(note)")
                }
                if changed { #expect(health.since == now, "\(note)") }
                if answers > 0 { #expect(health.lastSeenAt != nil && health.failures == 0, "\(note)") }
            }
        }
    }
}
