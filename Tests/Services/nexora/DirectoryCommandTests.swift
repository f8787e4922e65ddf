import Crypto
import Domain
import NexoraCommand
import Persistence
import SharedTesting
import Testing

@Suite struct DirectoryCommandTests {
    /// A database with an operator and a provider `acme`.
    private func start() async throws -> CommandRun {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap")
        try await run.expect(.success, "tenant add 'Acme Net' --subdomain acme")
        return run
    }

    @Test func `tenants are added below one another, listed, changed and removed`() async throws {
        let run = try await start()
        let added = try await run.expect(
            .success,
            """
            tenant add Corner --subdomain corner --kind reseller --parent acme --settings '{"a":1}' --json
            """
        ).json()
        #expect(
            added["parent"] == .text("acme") && added["kind"] == .text("reseller")
                && added["settings"]["a"] == .integer(1)
        )
        #expect(try await run.expect(.success, "tenant list --json").list().count == 3)
        #expect(try await run.expect(.success, "tenant list --tenant acme --json").list().count == 2)
        let changed = try await run.expect(.success, "tenant set corner --active no --name Shop --json").json()
        #expect(
            changed["isActive"] == .boolean(false) && changed["name"] == .text("Shop")
                && changed["subdomain"] == .text("corner")
        )
        #expect(try await run.expect(.success, "tenant show corner").output.contains("is active   no"))
        try await run.expect(.conflict, "tenant add Twin --subdomain corner")
        try await run.expect(.badData, "tenant add Bad --subdomain 'Not A Label'")
        try await run.expect(.conflict, "tenant remove acme")
        try await run.expect(.conflict, "tenant remove operator")
        try await run.expect(.notFound, "tenant show nobody")
        await run.close()
    }

    @Test(.proves("SEC-01")) func `a NAS gets a made-up secret that is shown once`() async throws {
        let run = try await start()
        let added = try await run.expect(
            .success,
            """
            nas add core --tenant acme --address 192.0.2.0/24 --vendor mikrotik --coa-port 1700
            --require-message-authenticator no --auth-rate 0 --json
            """
        ).json()
        let secret = try #require(added["secret"].text)
        #expect(secret.utf8.count >= 24 && added["coaPort"] == .integer(1700) && added["authRate"] == .integer(0))
        #expect(added["requireMessageAuthenticator"] == .boolean(false) && added["limitProxyState"] == .boolean(true))
        for words in [["nas", "show", "core"], ["nas", "list"], ["nas", "set", "core", "--coa-port", "3799"]] {
            let shown = await run.run(words + ["--json"])
            #expect(shown.code == .success && !shown.output.contains(secret))
        }
        #expect(try await storedSecret(run, "core") == secret)
        let renewed = try await run.expect(.success, "nas set core --secret-from generate --json").json()
        #expect(try await storedSecret(run, "core") == renewed["secret"].text && renewed["secret"].text != secret)
        let given = try await run.expect(
            .success,
            "nas set core --secret-from stdin",
            input: ["from standard input, 31 octets"]
        )
        #expect(!given.output.contains("standard input"), "what the operator knows already is not repeated")
        #expect(try await storedSecret(run, "core") == "from standard input, 31 octets")
        try await run.expect(.success, "nas remove core")
        try await run.expect(.notFound, "nas remove core")
        await run.close()
    }

    @Test func `a NAS that packets could not tell apart from another is refused, wherever it stands`() async throws {
        let run = try await start()
        try await run.expect(.success, "tenant add Other --subdomain other")
        try await run.expect(.success, "nas add a --tenant acme --address 192.0.2.1")
        let twin = try await run.expect(.conflict, "nas add b --tenant other --address 192.0.2.1")
        #expect(twin.errors.contains("give --identifier"))
        try await run.expect(.success, "nas add b --tenant other --address 192.0.2.1 --identifier b")
        try await run.expect(.usage, "nas add c --tenant other --address 192.0.2.1/24")
        try await run.expect(.usage, "nas add c --tenant other --address 192.0.2.9 --vendor acme")
        try await run.expect(.success, "nas add a --tenant other --address 192.0.2.7")
        let ambiguous = try await run.expect(.conflict, "nas show a")
        #expect(ambiguous.errors.contains("--tenant acme or other"))
        try await run.expect(.success, "nas show a --tenant other")
        await run.close()
    }

    @Test(.proves("PLN-01", "PLN-02", "PLN-04")) func `plans keep their advanced settings`() async throws {
        let run = try await start()
        let added = try await run.expect(
            .success,
            """
            plan add 'Home 50' --tenant acme --download 50M --upload 10M --price 19.90 --feature IPv6 --burst
            yes --burst-download 80M --burst-upload 20M --burst-seconds 16 --dns 192.0.2.53 --session-timeout
            3600 --json
            """
        ).json()
        #expect(added["downloadBps"] == .integer(50_000_000) && added["price"] == .text("19.9000"))
        #expect(added["advanced"]["burstDownloadBps"] == .integer(80_000_000))
        let changed = try await run.expect(
            .success,
            """
            plan set 'Home 50' --price 21 --burst no --burst-download '' --session-timeout '' --json
            """
        ).json()
        #expect(changed["price"] == .text("21.0000") && changed["advanced"]["burstDownloadBps"] == .null)
        #expect(changed["advanced"]["burstSeconds"] == .integer(16) && changed["sessionTimeoutSeconds"] == .null)
        let bad = try await run.expect(
            .badData,
            """
            plan add X --tenant acme --download 1M --upload 1M --price 1 --burst yes
            """
        )
        #expect(bad.errors.contains("burst_download_bps"))
        #expect(try await run.count("SELECT count(*) FROM plans") == 1, "nothing half done stays behind")
        for (option, value) in [("--download", "0"), ("--price", "0"), ("--price", "-1"), ("--price", "1.23456")] {
            try await run.expect(.usage, "plan set 'Home 50' \(option) \(value)")
        }
        #expect(try await run.expect(.success, "plan list --active").output.contains("Home 50"))
        await run.close()
    }

    @Test func `services get a made-up password, devices none`() async throws {
        let run = try await start()
        try await run.expect(.success, "plan add Home --tenant acme --download 50M --upload 10M --price 9")
        try await run.expect(
            .success,
            """
            customer add C1 --tenant acme --name Ann --phone +1 --address 'Street 1' --email a@example.net
            """
        )
        let service = try await run.expect(.success, "service add ann --customer C1 --plan Home --json").json()
        let password = try #require(service["password"].text)
        #expect(password.count >= 12 && service["customer"] == .text("C1") && service["plan"] == .text("Home"))
        #expect(try await storedPassword(run, "ann") == password)
        let device = try await run.expect(
            .success,
            """
            service add 0A-1B-2C-3D-4E-5F --kind mac --customer C1 --plan Home --json
            """
        ).json()
        #expect(device["username"] == .text("0a:1b:2c:3d:4e:5f") && device["password"] == .null)
        try await run.expect(.success, "service show 0A1B2C3D4E5F")
        try await run.expect(.conflict, "service add ann --customer C1 --plan Home")
        try await run.expect(.notFound, "service add bob --customer C9 --plan Home")
        await run.close()
    }

    @Test func `a password comes from the environment when it says so`() async throws {
        let run = try await start()
        try await run.expect(.success, "plan add Home --tenant acme --download 5M --upload 1M --price 9")
        try await run.expect(.success, "customer add C1 --tenant acme --name Ann --phone +1 --address 'Street 1'")
        let missing = try await run.expect(
            .badData,
            """
            service add ann --customer C1 --plan Home --password-from env:NEW
            """
        )
        #expect(missing.errors.contains("no variable NEW"))
        run.set("NEW", "chosen elsewhere")
        try await run.expect(.success, "service add ann --customer C1 --plan Home --password-from env:NEW")
        #expect(try await storedPassword(run, "ann") == "chosen elsewhere")
        let told = try await run.expect(.usage, "service set ann --password-from hunter2")
        #expect(!told.errors.contains("hunter2"), "what was meant for a secret is not repeated")
        let changed = try await run.expect(
            .success,
            """
            service set ann --status suspended --expires-at 2026-12-01 --static-ipv4 192.0.2.9
            --delegated-ipv6-prefix 2001:db8:100::/56 --session-limit 2 --json
            """
        ).json()
        #expect(changed["expiresAt"] == .text("2026-12-01T00:00:00Z") && changed["sessionLimit"] == .integer(2))
        let cleared = try await run.expect(
            .success,
            """
            service set ann --expires-at '' --static-ipv4 '' --session-limit '' --json
            """
        ).json()
        #expect(cleared["expiresAt"] == .null && cleared["staticIPv4"] == .null && cleared["sessionLimit"] == .null)
        #expect(cleared["delegatedIPv6Prefix"] == .text("2001:db8:100::/56") && cleared["status"] == .text("suspended"))
        try await run.expect(.conflict, "customer remove C1")
        try await run.expect(.conflict, "plan remove Home")
        #expect(try await run.expect(.success, "service list --customer C1 --json").list().count == 1)
        try await run.expect(.success, "service remove ann")
        #expect(try await run.count("SELECT count(*) FROM service_credentials") == 0)
        let customer = try await run.expect(.success, "customer set C1 --email b@example.net --due-day 1 --json").json()
        #expect(customer["email"] == .text("b@example.net") && customer["dueDay"] == .integer(1))
        try await run.expect(.success, "customer remove C1")
        try await run.expect(.success, "plan remove Home")
        #expect(try await run.expect(.success, "customer list --json").list().isEmpty)
        await run.close()
    }

    private func storedSecret(_ run: CommandRun, _ name: String) async throws -> String {
        let keyring = try Keyring(path: run.directory.file("keyring"))
        return try await run.database.transaction(in: try await run.database.operatorTenant()) { transaction in
            let nas = try #require(try await NASRepository(transaction).find(name: name).first)
            let sealed = try await NASRepository(transaction).sealedSecret(of: nas)
            return String(
                decoding: try DirectorySecrets(keyring).open(secret: sealed, of: nas.id, tenant: nas.tenantID),
                as: UTF8.self
            )
        }
    }

    private func storedPassword(_ run: CommandRun, _ username: String) async throws -> String {
        let keyring = try Keyring(path: run.directory.file("keyring"))
        return try await run.database.transaction(in: try await run.database.operatorTenant()) { transaction in
            let service = try #require(try await ServiceRepository(transaction).find(username: username).first)
            let sealed = try #require(try await ServiceRepository(transaction).sealedPassword(of: service))
            return String(
                decoding: try DirectorySecrets(keyring).open(
                    password: sealed,
                    of: service.id,
                    tenant: service.tenantID
                ),
                as: UTF8.self
            )
        }
    }
}
