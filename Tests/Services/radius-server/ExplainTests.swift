import Domain
import Events
import RADIUS
import SharedTesting
import Testing

@testable import RadiusServer

/// Explanations over a directory alone: nothing but what is in RAM.
@Suite struct ExplainTests {
    private static let garden = UUID128(high: 2, low: 9)

    private static func desk(
        _ directory: Directory = SampleDirectory.make(),
        eap: [EAPMethodKind] = [.mschapv2, .md5]
    ) throws -> ExplainDesk {
        let store = DirectoryStore(Directory(expectedServices: 0))
        store.replace(with: directory)
        return ExplainDesk(
            settings: .init(server: "radius-7", trial: .init(eap: eap, admits: false)),
            store: store,
            reader: nil,
            dictionary: try BuiltInDictionary.load(),
            time: TimeSource { Timestamp(microseconds: 1_000_000_000_000) }
        )
    }

    private static func explain(_ desk: ExplainDesk, _ question: LoginQuestion, _ change: ProposedChange? = nil)
        async throws
        -> LoginExplanation
    {
        let query = ExplainQuery(
            .explain,
            tenantID: TenantID(SampleDirectory.tenant),
            logins: [question],
            change: change
        )
        let answer = try ExplainAnswer(json: await desk.answer(query.json))
        #expect(answer.server == "radius-7")
        guard case .explanation(let explanation) = answer.content else {
            Issue.record("\(answer.content)")
            return LoginExplanation(outcome: "", decisionVersion: 0, at: Timestamp(microseconds: 0))
        }
        return explanation
    }

    private static func refusal(_ desk: ExplainDesk, _ query: ExplainQuery) async throws -> QueryRefusal? {
        guard case .refusal(let refusal) = try ExplainAnswer(json: await desk.answer(query.json)).content else {
            return nil
        }
        return refusal
    }

    /// A login that is refused for a reason, and where the rule that refuses it looked.
    struct Refused: CustomTestStringConvertible {
        let reason: RejectReason
        let rule: String
        let source: String
        var question = LoginQuestion(username: "bob")
        var eap: [EAPMethodKind] = [.mschapv2, .md5]
        var change: @Sendable (Directory) -> Void = { _ in }

        var testDescription: String { "\(reason.name)" }
    }

    private static func bob(_ change: @escaping @Sendable (inout ServiceRow) -> Void) -> @Sendable (Directory) -> Void {
        { directory in
            var row = SampleDirectory.service(1, "bob", "hello123")
            row.version = 77
            change(&row)
            directory.apply(row)
        }
    }

    static let refused: [Refused] = [
        Refused(reason: .tenantInactive, rule: "tenant active", source: "tenant") {
            $0.apply(TenantRow(id: SampleDirectory.tenant, isActive: false, version: 77))
        },
        Refused(
            reason: .unknownUser,
            rule: "service known",
            source: "tenant",
            question: LoginQuestion(username: "nobody")
        ),
        Refused(
            reason: .methodUnsupported,
            rule: "credential",
            source: "service",
            question: LoginQuestion(username: "bob", method: "eap-md5"),
            eap: [.mschapv2]
        ),
        Refused(reason: .credentialMissing, rule: "credential", source: "service", change: bob { $0.password = nil }),
        Refused(
            reason: .wrongPassword,
            rule: "credential",
            source: "service",
            question: LoginQuestion(username: "bob", recorded: "wrong_password")
        ),
        Refused(
            reason: .deviceMismatch,
            rule: "credential",
            source: "service",
            question: LoginQuestion(username: "02-00-00-00-00-2A", callingStationID: "02-00-00-00-00-2B")
        ),
        Refused(
            reason: .identityMismatch,
            rule: "credential",
            source: "service",
            question: LoginQuestion(username: "bob", method: "eap", recorded: "identity_mismatch")
        ),
        Refused(
            reason: .serviceTerminated,
            rule: "service status",
            source: "service",
            change: bob { $0.serviceStatus = .terminated }
        ),
        Refused(
            reason: .customerTerminated,
            rule: "customer status",
            source: "customer",
            change: bob { $0.customerStatus = .terminated }
        ),
        Refused(
            reason: .servicePending,
            rule: "service status",
            source: "service",
            change: bob { $0.serviceStatus = .pending }
        ),
        Refused(
            reason: .serviceSuspended,
            rule: "service status",
            source: "service",
            change: bob { $0.serviceStatus = .suspended }
        ),
        Refused(
            reason: .customerSuspended,
            rule: "customer status",
            source: "customer",
            change: bob { $0.customerStatus = .suspended }
        ),
        Refused(
            reason: .serviceExpired,
            rule: "expires at",
            source: "service",
            change: bob { $0.expiresAt = 999_999_999_999 }
        ),
        Refused(
            reason: .quotaExhausted,
            rule: "quota",
            source: "service",
            change: bob { $0.restriction = StoredRestriction(kind: StoredRestriction.blocked, until: 1_000_001) }
        ),
        Refused(reason: .planMissing, rule: "plan known", source: "plan", change: bob { $0.planID = garden }),
    ]

    @Test("each reason shows the rule that decided and where it looked", arguments: refused)
    func reason(_ example: Refused) async throws {
        let directory = SampleDirectory.make()
        example.change(directory)
        let told = try await Self.explain(try Self.desk(directory, eap: example.eap), example.question)
        #expect(told.outcome == "reject")
        #expect(told.reason == "\(example.reason.name)")
        #expect(told.decisionVersion == UInt32(AccessDecision.version))
        let decisive = try #require(told.rules.last)
        #expect(told.rules.filter { $0.outcome == .refused } == [decisive])
        #expect(decisive.name == example.rule)
        #expect(decisive.sources.first?.kind == example.source)
        #expect(decisive.sources.first?.id != nil)
        #expect(told.rules.first?.name == "nas")
        let isEAP = example.question.method.hasPrefix("eap")
        #expect(told.attributes.map(\.name) == (isEAP ? [] : ["Reply-Message"]))
    }

    @Test func `every reason that the directory alone can give has its example`() {
        let needsRedis: Set<RejectReason> = [.sessionLimit, .noAddress]
        #expect(Set(Self.refused.map(\.reason)) == Set(RejectReason.allCases).subtracting(needsRedis))
    }

    @Test(arguments: ["pap", "chap", "mschap", "mschapv2", "eap", "eap_md5", ""])
    func `a right password is accepted by every method, and no secret is told`(_ method: String) async throws {
        let told = try await Self.explain(try Self.desk(), LoginQuestion(username: "bob", method: method))
        #expect(told.outcome == "accept", "\(told.rules)")
        let text = String(decoding: ExplainAnswer(server: "", .explanation(told)).json, as: UTF8.self)
        #expect(!text.contains("hello123") && !text.contains(SampleDirectory.secret))
        let hidden = told.attributes.filter { $0.value == "(not shown)" }.map(\.name)
        switch method {
        case "mschapv2": #expect(Set(hidden) == ["MS-CHAP2-Success", "MS-MPPE-Send-Key", "MS-MPPE-Recv-Key"])
        case "mschap": #expect(hidden == ["MS-CHAP-MPPE-Keys"])
        default: #expect(hidden.isEmpty)
        }
    }

    @Test func `each attribute of an accept has its name, value and source`() async throws {
        let directory = SampleDirectory.make()
        var row = SampleDirectory.service(1, "bob", "hello123")
        (row.staticIPv4, row.expiresAt, row.version) = (0x6440_0007, 1_000_060_000_000, 31)
        directory.apply(row)
        let number = try #require(directory.planNumber(SampleDirectory.plan))
        var plan = try #require(directory.plan(number)?.row)
        (plan.idleTimeout, plan.addressList, plan.ipv6Pool, plan.version) = (600, "homes", "their-own", 41)
        directory.apply(plan)
        let told = try await Self.explain(try Self.desk(directory), LoginQuestion(username: "bob"))
        let lines = told.attributes.map {
            "\($0.name) = \($0.value) <- \($0.source.kind) \($0.source.version) \($0.source.name)"
        }
        let expected = [
            "Service-Type = Framed-User <- template 0 mikrotik", "Framed-Protocol = PPP <- template 0 mikrotik",
            "Acct-Interim-Interval = 300 <- plan 41 interim_interval", "Idle-Timeout = 600 <- plan 41 idle_timeout",
            "MS-Primary-DNS-Server = 8.8.8.8 <- plan_advanced 41 dns_servers",
            "Mikrotik-Rate-Limit = 10M/50M <- plan 41 speed, for mikrotik",
            "Mikrotik-Address-List = homes <- plan_advanced 41 address_list",
            "Framed-IPv6-Pool = their-own <- plan_advanced 41 ipv6 pool",
            "Session-Timeout = 60 <- service 31 expires_at",
            "Framed-IP-Address = 100.64.0.7 <- service 31 static address",
        ]
        for line in expected { #expect(lines.contains(line), "\(line) is not in \(lines.joined(separator: "\n"))") }
        #expect(lines.count == expected.count + 1)
        #expect(lines.last?.hasPrefix("Class = decision version \(AccessDecision.version), service") == true)
    }

    @Test func `a suspended service in a tenant with a walled garden is confined, and told so`() async throws {
        let directory = SampleDirectory.make()
        let number = try #require(directory.planNumber(SampleDirectory.plan))
        var plan = try #require(directory.plan(number)?.row)
        (plan.id, plan.version) = (Self.garden, 51)
        directory.apply(plan)
        var policy = TenantPolicy()
        policy.walledGardenPlan = PlanID(Self.garden)
        directory.apply(TenantRow(id: SampleDirectory.tenant, isActive: true, policy: policy, version: 52))
        Self.bob { $0.serviceStatus = .suspended }(directory)
        let told = try await Self.explain(try Self.desk(directory), LoginQuestion(username: "bob"))
        #expect((told.outcome, told.reason) == ("accept", "service_suspended"))
        let rule = try #require(told.rules.first { $0.name == "walled garden" })
        #expect(rule.sources.map(\.kind) == ["tenant", "plan"] && rule.sources.map(\.version) == [52, 51])
        let timeout = try #require(told.attributes.first { $0.name == "Session-Timeout" })
        #expect(timeout.source.kind == "server")
    }

    @Test func `what is not there is said plainly`() async throws {
        let desk = try Self.desk()
        let tenant = TenantID(SampleDirectory.tenant)
        let bob = LoginQuestion(username: "bob")
        for (query, code) in [
            (
                ExplainQuery(.explain, tenantID: TenantID(UUID128(high: 9, low: 9)), logins: [bob]),
                QueryRefusal.Code.notFound
            ),
            (
                ExplainQuery(.explain, tenantID: tenant, logins: [LoginQuestion(username: "bob", nas: "bras-9")]),
                .notFound
            ),
            (
                ExplainQuery(.explain, tenantID: tenant, logins: [LoginQuestion(username: "bob", nas: "192.0.2.1")]),
                .notFound
            ),
            (
                ExplainQuery(.explain, tenantID: tenant, logins: [LoginQuestion(username: "bob", method: "kerberos")]),
                .invalid
            ),
            (ExplainQuery(.explain, tenantID: tenant, logins: []), .invalid),
            (
                ExplainQuery(
                    .replay,
                    tenantID: tenant,
                    logins: Array(repeating: bob, count: ExplainQuery.mostLogins + 1)
                ), .invalid
            ),
        ] {
            #expect(try await Self.refusal(desk, query)?.code == code, "\(query)")
        }
        let broken = try ExplainAnswer(json: await desk.answer(Array("{".utf8)))
        guard case .refusal(let refusal) = broken.content else { return #expect(Bool(false)) }
        #expect(refusal.code == .invalid)
        let empty = ExplainDesk(
            settings: .init(),
            store: DirectoryStore(Directory(expectedServices: 0)),
            reader: nil,
            dictionary: try BuiltInDictionary.load(),
            time: TimeSource { Timestamp(microseconds: 0) }
        )
        let question = ExplainQuery(.explain, tenantID: tenant, logins: [bob])
        #expect(try await Self.refusal(empty, question)?.code == .notReady)
    }

    @Test(arguments: ["bras-1", "127.0.0.9", UUID128(high: 3, low: 3).description, ""])
    func `a NAS is found by its name, address and id`(_ wanted: String) async throws {
        let told = try await Self.explain(try Self.desk(), LoginQuestion(username: "bob", nas: wanted))
        #expect(told.rules.first?.sources.first?.id == SampleDirectory.nas)
    }

    // MARK: - Changes

    private static func replay(
        _ desk: ExplainDesk,
        _ change: ProposedChange,
        _ logins: [LoginQuestion]
    ) async throws -> ReplayVerdicts {
        let query = ExplainQuery(.replay, tenantID: TenantID(SampleDirectory.tenant), logins: logins, change: change)
        let answer = try ExplainAnswer(json: await desk.answer(query.json))
        guard case .verdicts(let verdicts) = answer.content else {
            Issue.record("\(answer.content)")
            return ReplayVerdicts()
        }
        return verdicts
    }

    @Test func `a directory to try changes on has everything that its original has`() {
        let directory = SampleDirectory.make()
        let copy = Directory(sharing: directory)
        for (own, other) in zip(Mirror(reflecting: directory).children, Mirror(reflecting: copy).children) {
            #expect(own.label == other.label)
            // The services are the same object, the rest equal text.
            #expect(String(reflecting: own.value) == String(reflecting: other.value), "\(own.label ?? "")")
        }
    }

    @Test func `a changed plan is tried on recorded logins and nothing is changed by it`() async throws {
        let directory = SampleDirectory.make()
        let desk = try Self.desk(directory)
        let before = directory.checksum
        let nas = SampleDirectory.nas.description
        let logins = [
            LoginQuestion(username: "bob", nas: nas, recorded: "accept"),
            LoginQuestion(username: "alice", nas: nas, recorded: "wrong_password"),
            LoginQuestion(username: "User", nas: nas, recorded: "accept"),
            LoginQuestion(username: "bob", nas: UUID128(high: 3, low: 99).description, recorded: "accept"),
        ]
        let change = ProposedChange(
            planID: PlanID(SampleDirectory.plan),
            plan: ["download=60M", "idle-timeout=900", "dns="]
        )
        let verdicts = try await Self.replay(desk, change, logins)
        #expect(verdicts.verdicts.map(\.now) == ["accept", "reject wrong_password", "accept", "silence unknown_nas"])
        #expect(verdicts.verdicts.map(\.changed) == verdicts.verdicts.map(\.now))
        let difference = try #require(verdicts.differences.first)
        #expect(verdicts.differences.count == 1 && difference.logins == 2 && difference.vendor == "mikrotik")
        #expect(
            Set(difference.lines) == [
                "- Mikrotik-Rate-Limit = 10M/50M", "+ Mikrotik-Rate-Limit = 10M/60M", "+ Idle-Timeout = 900",
                "- MS-Primary-DNS-Server = 8.8.8.8",
            ]
        )
        #expect(directory.checksum == before)
        #expect(try await Self.replay(desk, ProposedChange(), logins).differences.isEmpty)
    }

    @Test func `a changed policy is tried on recorded logins`() async throws {
        let directory = SampleDirectory.make()
        Self.bob { $0.serviceStatus = .suspended }(directory)
        let desk = try Self.desk(directory)
        let logins = [
            LoginQuestion(username: "bob", nas: "bras-1", recorded: "service_suspended"),
            LoginQuestion(username: "alice", nas: "bras-1", recorded: "accept"),
        ]
        let confine = try await Self.replay(
            desk,
            ProposedChange(policy: ["walled_garden_plan=\(SampleDirectory.plan)"]),
            logins
        )
        #expect(confine.verdicts.map(\.now) == ["reject service_suspended", "accept"])
        #expect(confine.verdicts.map(\.changed) == ["accept confined service_suspended", "accept"])
        let close = try await Self.replay(desk, ProposedChange(policy: ["active=no"]), logins)
        #expect(close.verdicts.map(\.changed) == ["reject tenant_inactive", "reject tenant_inactive"])
        #expect(directory.tenants[0].isActive)
    }

    @Test(arguments: [
        "download", "download=fast", "downlaod=5M", "session-limit=9", "dns=2001:db8::1", "burst=yes", "priority=0",
    ])
    func `a change that means nothing is refused`(_ setting: String) async throws {
        let query = ExplainQuery(
            .replay,
            tenantID: TenantID(SampleDirectory.tenant),
            logins: [LoginQuestion(username: "bob", nas: "bras-1")],
            change: ProposedChange(planID: PlanID(SampleDirectory.plan), plan: [setting])
        )
        #expect(try await Self.refusal(try Self.desk(), query)?.code == .invalid)
    }

    @Test func `every name of a setting is understood`() throws {
        let values = [
            "download": "5M", "upload": "5M", "guaranteed-download": "1M", "guaranteed-upload": "1M", "burst": "no",
            "burst-download": "9M", "burst-upload": "9M", "threshold-download": "4M", "threshold-upload": "4M",
            "session-limit": "2", "priority": "3", "interim-interval": "60", "dns": "9.9.9.9,1.1.1.1",
        ]
        let directory = SampleDirectory.make()
        let number = try #require(directory.planNumber(SampleDirectory.plan))
        for name in PlanSetting.names {
            var row = try #require(directory.plan(number)?.row)
            try PlanSetting.apply("\(name)=\(values[name] ?? "77")", to: &row)
        }
    }
}
