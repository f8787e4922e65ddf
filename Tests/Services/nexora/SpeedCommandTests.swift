import Domain
import NexoraCommand
import SharedTesting
import Testing

@Suite struct SpeedCommandTests {
    /// An operator and a provider `acme` with a plan, a NAS and a service.
    private func start() async throws -> CommandRun {
        let run = try await CommandRun()
        for line in [
            "bootstrap", "tenant add 'Acme Net' --subdomain acme",
            "plan add Home --tenant acme --download 50M --upload 10M --price 9 --address-list active",
            "nas add core --tenant acme --address 192.0.2.1 --vendor mikrotik",
            "customer add C1 --tenant acme --name Ann --phone 1 --address Street",
            "service add ann --customer C1 --plan Home",
        ] {
            try await run.expect(.success, line)
        }
        return run
    }

    @Test(.proves("RAD-10", "RAD-11", "PLT-09")) func `a plan's attributes are shown as each vendor gets them`()
        async throws
    {
        let run = try await start()
        func shown(_ vendor: String) async throws -> [String] {
            // Dictionaries differ in their name for the first one's value.
            try await run.expect(.success, "plan speed show Home --vendor \(vendor) --json").list().dropFirst().map {
                record in
                "\(record["attribute"].cell)=\(record["value"].cell)"
            }
        }
        let server = ["Framed-Protocol=PPP", "Acct-Interim-Interval=300"]
        #expect(
            try await shown("mikrotik") == server + ["Mikrotik-Rate-Limit=10M/50M", "Mikrotik-Address-List=active"]
        )
        #expect(
            try await shown("huawei") == server + [
                "Huawei-Input-Average-Rate=10000000", "Huawei-Input-Peak-Rate=10000000",
                "Huawei-Output-Average-Rate=50000000", "Huawei-Output-Peak-Rate=50000000",
            ]
        )
        #expect(
            try await shown("coovachilli") == server + [
                "ChilliSpot-Bandwidth-Max-Up=10000", "ChilliSpot-Bandwidth-Max-Down=50000",
            ]
        )
        // Extra attributes and windows are among them.
        try await run.expect(.success, "plan attribute add Home Mikrotik-Address-List vip --operator set")
        try await run.expect(.success, "plan attribute add Home Acct-Interim-Interval --operator remove")
        try await run.expect(.success, "plan window add Home fri-sat 22:00-06:00 --download 100M --upload 20M")
        let plan = try await run.expect(.success, "plan show Home --json").json()
        #expect(plan["windows"].cell.contains("days=fri,sat hours=22:00-06:00 downloadBps=100000000"))
        let records = try await run.expect(.success, "plan speed show Home --vendor mikrotik --json").list()
        #expect(
            records.filter { $0["attribute"] != .text("Service-Type") }
                .map { "\($0["window"].cell) \($0["attribute"].cell)=\($0["value"].cell)" } == [
                    " Framed-Protocol=PPP", " Mikrotik-Rate-Limit=10M/50M",
                    " Mikrotik-Address-List=vip", "1 Framed-Protocol=PPP",
                    "1 Mikrotik-Rate-Limit=20M/100M", "1 Mikrotik-Address-List=vip",
                ]
        )
        #expect(records.map { $0["number"].cell }.contains("26.14988.8"))
        #expect(
            try await Set(run.expect(.success, "plan speed show Home --json").list().map { $0["vendor"].cell }).count
                == 8
        )
        await run.close()
    }

    @Test(.proves("RAD-18", "PLN-10")) func `a plan's speeds are its profile's while it has one`() async throws {
        let run = try await start()
        try await run.expect(
            .success,
            "profile add Fast --tenant acme --download 80M --upload 20M --burst-download 100M --burst-upload 30M --burst-seconds 8"
        )
        try await run.expect(.success, "profile window add Fast sat-sun 00:00-24:00 --download 90M --upload 30M")
        try await run.expect(
            .badData,
            "profile window add Fast sun 10:00-11:00 --download 1M --upload 1M"
        )
        try await run.expect(.success, "plan set Home --profile Fast")
        func limits() async throws -> [String] {
            try await run.expect(.success, "plan speed show Home --vendor mikrotik --json").list()
                .filter { $0["attribute"] == .text("Mikrotik-Rate-Limit") }.map { $0["value"].cell }
        }
        #expect(try await limits() == ["20M/80M 30M/100M 20M/80M 8/8", "30M/90M"])
        try await run.expect(.success, "profile set Fast --download 60M --burst-download ''")
        #expect(try await limits().first == "20M/60M")
        try await run.expect(.conflict, "profile remove Fast")
        try await run.expect(.success, "profile window remove Fast 1")
        #expect(try await run.expect(.success, "profile show Fast --json").json()["windows"].cell == "")
        try await run.expect(.success, "plan set Home --profile ''")
        #expect(try await limits() == ["10M/50M"])
        try await run.expect(.success, "profile remove Fast")
        #expect(try await run.expect(.success, "profile list --json").list().isEmpty)
        await run.close()
    }

    @Test(.proves("RAD-10", "RAD-12"), arguments: ["plan attribute", "nas attribute", "service attribute"])
    func `attributes are added, listed in their order and removed`(noun: String) async throws {
        let run = try await start()
        let owner = ["plan attribute": "Home", "nas attribute": "core", "service attribute": "ann"][noun] ?? ""
        let added = try await run.expect(.success, "\(noun) add \(owner) Filter-Id gold --json").json()
        #expect(added["position"] == .integer(1) && added["operator"] == .text("+="))
        try await run.expect(.success, "\(noun) add \(owner) Framed-MTU 1492 --operator set --vendor cisco")
        try await run.expect(.success, "\(noun) add \(owner) Idle-Timeout --operator remove")
        let listed = try await run.expect(.success, "\(noun) list \(owner) --json").list()
        #expect(listed.map { $0["operator"].cell } == ["+=", ":=", "-="])
        #expect(listed.map { $0["vendor"].cell } == ["", "cisco", ""] && listed.allSatisfy { $0["problem"] == .null })
        try await run.expect(.success, "\(noun) remove \(owner) 2")
        #expect(
            try await run.expect(.success, "\(noun) list \(owner) --json").list().map { $0["position"].cell } == [
                "1", "3",
            ]
        )
        try await run.expect(.notFound, "\(noun) remove \(owner) 2")
        try await run.expect(.usage, "\(noun) remove \(owner) first")
        // What radius-server would leave out is refused, and the reason told.
        for (line, reason) in [
            ("Class 0x00", "the server sets it itself"), ("Message-Authenticator 0x00", "the server sets it itself"),
            ("Session-Timeout 60", "plan set --session-timeout"),
            ("MS-MPPE-Send-Key 0x00", "the server sets it itself"),
            ("No-Such-Thing 1", "no dictionary knows it"), ("Framed-MTU wide", "must be a number"),
            ("Tunnel-Password pa55phrase", "hidden under a shared secret"),
        ] {
            let refused = try await run.expect(.badData, "\(noun) add \(owner) \(line)")
            #expect(refused.errors.contains(reason), "\(line): \(refused.errors)")
        }
        try await run.expect(.badData, "\(noun) add \(owner) Filter-Id")
        try await run.expect(.notFound, "\(noun) add nobody Filter-Id gold")
        await run.close()
    }

    @Test(.proves("RAD-18")) func `windows are added, listed and removed, by the tenant's clocks`() async throws {
        let run = try await start()
        let added = try await run.expect(
            .success,
            """
            plan window add Home mon-fri 22:00-06:00 --download 100M --upload 20M --burst-download 200M
            --burst-upload 30M --burst-seconds 8 --priority 2 --json
            """
        ).json()
        #expect(added["days"] == .text("mon,tue,wed,thu,fri") && added["hours"] == .text("22:00-06:00"))
        #expect(added["thresholdDownloadBps"] == .integer(100_000_000) && added["priority"] == .integer(2))
        try await run.expect(.success, "plan window add Home sat,sun 00:00-24:00 --download 80M --upload 20M")
        #expect(
            try await run.expect(.success, "plan window list Home --json").list().map { $0["hours"].cell } == [
                "22:00-06:00", "00:00-00:00",
            ]
        )
        try await run.expect(.success, "plan window remove Home 1")
        #expect(try await run.expect(.success, "plan window list Home --json").list().count == 1)
        try await run.expect(.notFound, "plan window remove Home 1")
        for line in [
            "someday 22:00-06:00 --download 1M --upload 1M", "mon 22-06 --download 1M --upload 1M",
            "mon 22:00-25:00 --download 1M --upload 1M", "mon 22:00-06:00 --download 1M",
            "mon 22:00-06:00 --download 1M --upload 1M --burst-download 2M",
        ] {
            try await run.expect(.usage, "plan window add Home \(line)")
        }
        try await run.expect(.success, #"tenant set acme --settings '{"time_zone":"Europe/Rome"}'"#)
        try await run.expect(.usage, #"tenant set acme --settings '{"time_zone":"Europe/Atlantis"}'"#)
        try await run.expect(.usage, #"tenant set acme --settings '{"time_zone":"../../etc/passwd"}'"#)
        await run.close()
    }

    @Test(.proves("RAD-10")) func `a NAS's direction of octets is set, shown and set back`() async throws {
        let run = try await start()
        func swapped() async throws -> OutputValue {
            try await run.expect(.success, "nas show core --json").json()["octetsSwapped"]
        }
        #expect(try await swapped() == .boolean(false))
        try await run.expect(.success, "nas set core --octets-swapped yes")
        #expect(try await swapped() == .boolean(true))
        try await run.expect(.success, "nas set core --vendor coovachilli")
        #expect(try await swapped() == .boolean(true))
        try await run.expect(.success, "nas set core --octets-swapped no")
        #expect(try await swapped() == .boolean(false))
        await run.close()
    }
}
