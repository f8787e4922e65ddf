import Crypto
import Domain
import FoundationEssentials
import NexoraCommand
import Persistence
import SharedTesting
import Testing

/// A whole file.
func readFile(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
}

@Suite struct ImportCommandTests {
    private func start() async throws -> CommandRun {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap")
        try await run.expect(.success, "tenant add Acme --subdomain acme")
        try await run.expect(.success, "plan add Home --tenant acme --download 5M --upload 1M --price 9")
        return run
    }

    private static let heading = "code,name,phone,address,username,password,plan,static_ipv4\n"

    /// 2,000 rows; those at the given places are bad in ways that only the file, or only the database, tells.
    private func file(bad: Bool) -> String {
        Self.heading
            + (1...2_000).map { number in
                let plan = bad && number == 700 ? "Nowhere" : "Home"
                let phone = bad && number % 500 == 0 ? "" : "+49 \(number)"
                let password = number % 2 == 0 ? "pass, \"word\"\t\(number)" : ""
                let quoted = "\"" + password.replacing("\"", with: "\"\"").replacing("\t", with: " ") + "\""
                return
                    "C\(number),Näme \\ \(number),\(phone),\"Street \(number)\nTown\",user\(number),\(quoted),\(plan),10.1.\(number / 256).\(number % 256)\n"
            }.joined()
    }

    @Test func `one bad row refuses the whole file, each is told with its line`() async throws {
        let run = try await start()
        let path = try run.directory.write(file(bad: true), to: "bad.csv")
        let out = run.directory.file("passwords.csv")
        let result = try await run.expect(.badData, "import \(path) --tenant acme --passwords-out \(out) --json")
        let told = try result.json()
        guard case .list(let problems) = told["problems"] else {
            Issue.record("no problems: \(result.output)")
            return
        }
        // Each row takes two lines of the file.
        #expect(problems.map { $0["line"] } == [500, 700, 1_000, 1_500, 2_000].map { .integer(Int64($0 * 2)) })
        #expect(problems.map { $0["column"] } == ["phone", "plan", "phone", "phone", "phone"].map { .text($0) })
        #expect(told["rows"] == .integer(2_000) && told["badRows"] == .integer(5) && told["stored"] == .boolean(false))
        #expect(try await run.count("SELECT count(*) FROM customers") == 0)
        #expect((try? readFile(out)) == nil, "no passwords of what was not stored")
        await run.close()
    }

    @Test func `a dry run checks everything and stores nothing; leaving bad rows out stores the others`() async throws {
        let run = try await start()
        let path = try run.directory.write(file(bad: true), to: "bad.csv")
        let dry = try await run.expect(.badData, "import \(path) --tenant acme --dry-run")
        #expect(dry.errors.contains("line 1400: plan: is no plan of this tenant: \"Nowhere\""))
        #expect(dry.errors.contains("line 1000: phone: is missing"))
        #expect(try await run.count("SELECT count(*) FROM customers") == 0)
        let out = run.directory.file("passwords.csv")
        let stored = try await run.expect(
            .success,
            """
            import \(path) --tenant acme --skip-bad --passwords-out \(out) --json
            """
        ).json()
        #expect(
            stored["customers"] == .integer(1_995) && stored["services"] == .integer(1_995)
                && stored["badRows"] == .integer(5)
        )
        #expect(try await run.count("SELECT count(*) FROM customers") == 1_995)
        #expect(try await run.count("SELECT count(*) FROM service_credentials") == 1_995)
        #expect(
            try await run.count(
                "SELECT count(*) FROM customers WHERE name = 'Näme \\ 7' AND address LIKE 'Street 7%Town'"
            ) == 1
        )
        #expect(
            try await run.count("SELECT count(*) FROM services WHERE static_ipv4 = '10.1.1.2' AND username = 'user258'")
                == 1
        )
        let generated = String(decoding: try readFile(out), as: UTF8.self).split(separator: "\n")
        #expect(generated.count == 1_001 && generated[0] == "username,password")
        #expect(try await password(run, "user7").map { generated.contains("user7,\($0)") } == true)
        #expect(try await password(run, "user8") == "pass, \"word\" 8")
        await run.close()
    }

    @Test func `what is stored already is told by line; services go to customers who are there`() async throws {
        let run = try await start()
        let first = try run.directory.write(Self.heading + "C1,Ann,+1,Street,ann,secret one,Home,\n", to: "1.csv")
        try await run.expect(.success, "import \(first) --tenant acme")
        let again = try await run.expect(.badData, "import \(first) --tenant acme")
        #expect(again.errors.contains("line 2: code: is stored already"))
        #expect(again.errors.contains("line 2: username: is taken"))
        let more = try run.directory.write(
            Self.heading + "C1,,,,ann2,secret two,Home,\nC9,,,,bob,secret,Home,\n",
            to: "2.csv"
        )
        let refused = try await run.expect(.badData, "import \(more) --tenant acme")
        #expect(refused.errors.contains("line 3: code: is no customer"))
        try await run.expect(.success, "import \(more) --tenant acme --skip-bad")
        #expect(
            try await run.count(
                "SELECT count(*) FROM services s JOIN customers c ON c.id = s.customer_id WHERE c.code = 'C1'"
            ) == 2
        )
        #expect(try await run.expect(.success, "import -h").output.contains("due_day"))
        await run.close()
    }

    @Test func `a file that cannot be used, or passwords with nowhere to go, are refused before anything happens`()
        async throws
    {
        let run = try await start()
        try await run.expect(.notFound, "import \(run.directory.file("none.csv")) --tenant acme")
        let odd = try run.directory.write("code,nmae\n", to: "odd.csv")
        #expect(
            try await run.expect(.badData, "import \(odd) --tenant acme").errors.contains("did you mean \"name\"?")
        )
        let open = try run.directory.write(Self.heading + "C1,Ann,+1,Street,ann,,Home,\n", to: "open.csv")
        #expect(try await run.expect(.badData, "import \(open) --tenant acme").errors.contains("--passwords-out"))
        try await run.expect(.conflict, "import \(open) --tenant acme --passwords-out \(odd)")
        try await run.expect(.usage, "import \(open)")
        try await run.expect(.notFound, "import \(open) --tenant nobody --passwords-out \(run.directory.file("p"))")
        #expect(try await run.count("SELECT count(*) FROM customers") == 0)
        await run.close()
    }

    private func password(_ run: CommandRun, _ username: String) async throws -> String? {
        let keyring = try Keyring(path: run.directory.file("keyring"))
        return try await run.database.transaction(in: try await run.database.operatorTenant()) { transaction in
            guard let service = try await ServiceRepository(transaction).find(username: username).first,
                let sealed = try await ServiceRepository(transaction).sealedPassword(of: service)
            else { return nil }
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
