import Concurrency
import Configuration
import Glibc
import Lifecycle
import Observability
import SharedTesting
import Testing

/// Each test runs a daemon in a process of its own and looks at its exit code.
@Suite struct DaemonTests {
    private static func run(
        _ arguments: [String],
        _ environment: [String: String] = [:],
        _ services: @escaping @Sendable (Int) -> [NamedService] = { _ in [] }
    ) async -> Int32 {
        await runDaemon(
            name: "test-daemon",
            version: "1.2.3",
            arguments: arguments,
            environment: environment,
            configure: { config in
                let size = config.int("size", default: 5, in: 1...9, doc: "The size.")
                _ = config.secret("password", default: "hunter2", doc: "Secret.")
                return size
            },
            build: { size, _ in services(size) }
        )
    }

    private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

    @Test func `SIGTERM drains and exits with 0`() async throws {
        let result = try #require(
            await #expect(processExitsWith: .exitCode(0), observing: [\.standardOutputContent]) {
                let worker = NamedService("worker") {
                    kill(getpid(), SIGTERM)
                    await waitForShutdown()
                }
                exit(await Self.run([], [:]) { _ in [worker] })
            }
        )
        let log = text(result.standardOutputContent)
        #expect(log.contains(#""config.size":"5 (default)""#))
        #expect(log.contains(#""msg":"signal received","signal":15"#))
        #expect(log.contains(#""msg":"daemon ended""#))
        #expect(!log.contains("hunter2"))
    }

    @Test func `A second signal ends the process at once`() async {
        await #expect(processExitsWith: .exitCode(128 + SIGINT)) {
            let worker = NamedService("worker") {
                kill(getpid(), SIGTERM)
                await waitForShutdown()
                kill(getpid(), SIGINT)
                try await pause(for: .seconds(3_600))
            }
            exit(await Self.run([]) { _ in [worker] })
        }
    }

    @Test func `A service that fails makes the exit code 1`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let worker = NamedService("worker") { throw CancellationError() }
            exit(await Self.run([]) { _ in [worker] })
        }
    }

    @Test func `A service that misses the deadline makes the exit code 1`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            let worker = NamedService("worker") {
                kill(getpid(), SIGTERM)
                try await pause(for: .seconds(3_600))
            }
            exit(await Self.run([], ["NEXORA_SHUTDOWN_DEADLINE": "100ms"]) { _ in [worker] })
        }
    }

    @Test func `The check prints each key with value and source and builds nothing`() async throws {
        let result = try #require(
            await #expect(processExitsWith: .exitCode(0), observing: [\.standardOutputContent]) {
                exit(await Self.run(["--check"], ["NEXORA_SIZE": "7"]) { _ in exit(99) })
            }
        )
        let output = text(result.standardOutputContent)
        #expect(output.contains("size = 7  (environment NEXORA_SIZE)\n"))
        #expect(output.contains("password = <redacted>  (default)\n"))
        #expect(output.contains("shutdown.deadline = 25s  (default)\n"))
    }

    private static let wrong = ["NEXORA_SIZE": "70", "NEXORA_SIZES": "1", "NEXORA_LOG_LEVEL": "loud"]

    @Test func `The check of a wrong configuration prints every wrong key and exits with 78`() async throws {
        let result = try #require(
            await #expect(processExitsWith: .exitCode(78), observing: [\.standardErrorContent]) {
                exit(await Self.run(["--check"], Self.wrong) { _ in exit(99) })
            }
        )
        let output = text(result.standardErrorContent)
        #expect(
            output.contains(
                "configuration: size = \"70\" (environment NEXORA_SIZE): allowed is an integer in 1...9\n"
            )
        )
        #expect(output.contains("NEXORA_SIZES (environment): unknown key; did you mean NEXORA_SIZE?\n"))
        #expect(output.contains("allowed is one of debug, info, warn, error, fatal\n"))
    }

    @Test func `A wrong configuration is logged before anything is built and exits with 78`() async throws {
        let result = try #require(
            await #expect(processExitsWith: .exitCode(78), observing: [\.standardOutputContent]) {
                exit(await Self.run(["--config=/nonexistent/file"], Self.wrong) { _ in exit(99) })
            }
        )
        let log = text(result.standardOutputContent)
        #expect(log.contains(#""msg":"configuration refused","config.problem":"/nonexistent/file: no such file""#))
        #expect(log.split(separator: "configuration refused").count == 5)
    }

    @Test func `A wrong option exits with 64, version and help with 0`() async {
        #expect(await Self.run(["--nonsense"]) == ExitCode.usage)
        #expect(await Self.run(["--version"]) == ExitCode.success)
        #expect(await Self.run(["--help"]) == ExitCode.success)
    }
}
