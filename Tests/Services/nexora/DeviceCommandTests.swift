import Domain
import NexoraCommand
import SharedTesting
import Testing

@Suite struct DeviceCommandTests {
    @Test(.proves("DEV-01", "DEV-02", "DEV-04", "MTK-01"))
    func `devices are added, listed, changed, and removed once nothing needs them`() async throws {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap")
        try await run.expect(.success, "tenant add 'Acme Net' --subdomain acme")
        try await run.expect(.success, "nas add edge --tenant acme --address 192.0.2.1")
        let added = try await run.expect(
            .success,
            """
            device add core --tenant acme --kind router --vendor mikrotik --host Core.Example.net --username nexora
            --password-from stdin --nas edge --tags north,fibre --json
            """,
            input: ["over the hills"]
        )
        let device = try added.json()
        #expect(device["host"] == .text("core.example.net") && device["port"] == .integer(8_728))
        #expect(device["status"] == .text("unknown") && device["credentialsSetAt"].text != nil)
        #expect(!added.output.contains("over the hills"))
        try await run.expect(.success, "device add mast --tenant acme --kind ap --host 192.0.2.7 --parent core")
        #expect(try await run.expect(.success, "device list --json").list().count == 2)
        #expect(try await run.expect(.success, "device list --status online --json").list().isEmpty)
        let kept = try await run.expect(.conflict, "device delete core")
        #expect(kept.errors.contains("\"mast\""))
        let changed = try await run.expect(
            .success,
            "device set core --port 8729 --tls yes --nas '' --password-from none --json"
        ).json()
        #expect(changed["port"] == .integer(8_729) && changed["usesTLS"] == .boolean(true))
        #expect(changed["credentialsSetAt"].text == nil && changed["nasId"].text == nil)
        try await run.expect(.success, "device delete mast")
        try await run.expect(.success, "device delete core")
        try await run.expect(.notFound, "device show core")
        await run.close()
    }

    @Test func `what is no host, and a password on the command line, are refused; loopback is not tried`() async throws
    {
        let run = try await CommandRun()
        try await run.expect(.success, "bootstrap")
        try await run.expect(.success, "tenant add 'Acme Net' --subdomain acme")
        try await run.expect(.usage, "device add x --tenant acme --kind router --host 192.0.2.300")
        try await run.expect(.usage, "device add x --tenant acme --kind toaster --host 192.0.2.3")
        try await run.expect(.usage, "device add x --tenant acme --kind router --host 192.0.2.3 --password-from hush")
        try await run.expect(
            .usage,
            "device add x --tenant acme --kind router --host 192.0.2.3 --password-from generate"
        )
        try await run.expect(.success, "device add x --tenant acme --kind router --host 127.0.0.1")
        let checked = try await run.expect(.unavailable, "device check x")
        #expect(checked.errors.contains("local_address"))
        await run.close()
    }
}
