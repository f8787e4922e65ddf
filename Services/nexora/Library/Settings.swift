import Configuration
import Glibc

/// Where commands find the servers and the keyring: the environment, checked when a command needs it.
package struct Settings: Sendable {
    private let environment: [String: String]

    /// The settings in that environment. What belongs to daemons is left alone.
    package init(environment: [String: String]) {
        let known: Set = [
            "DATABASE_URL", "NEXORA_DATABASE_URL", "NATS_URL", "NEXORA_NATS_URL", "REDIS_URL", "NEXORA_REDIS_URL",
            "NEXORA_KEYRING_PATH", "NEXORA_MIGRATIONS_PATH",
        ]
        self.environment = environment.filter { known.contains($0.key) }
    }

    /// Postgres, as the owner of the tables.
    package func databaseURL() throws(CommandFailure) -> String {
        try url("database.url", "DATABASE_URL", ["postgresql", "postgres"], "Postgres, as the owner of the tables")
    }

    /// NATS with JetStream.
    package func natsURL() throws(CommandFailure) -> String {
        try url("nats.url", "NATS_URL", ["nats", "tls"], "NATS with JetStream")
    }

    /// Redis.
    package func redisURL() throws(CommandFailure) -> String {
        try url("redis.url", "REDIS_URL", ["redis", "redis+sentinel"], "Redis")
    }

    /// The keyring's file.
    package func keyringPath() throws(CommandFailure) -> String {
        try read { $0.string("keyring.path", default: ".run/keyring", doc: "The keyring's file") }
    }

    /// The folder of migrations: the setting, else the first there is of the working directory's, the one of the checkout
    /// this program was built in, and the installed one.
    package func migrationsPath() throws(CommandFailure) -> String {
        let places = ["migrations", Self.programFolder() + "/../../migrations", "/usr/share/nexora/migrations"]
        let standard = places.first { unsafe access($0, R_OK | X_OK) == 0 } ?? places[0]
        return try read { $0.string("migrations.path", default: standard, doc: "The folder of migrations") }
    }

    private static func programFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        // SAFETY: the kernel writes at most buffer.count octets.
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return "." }
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    private func url(_ key: String, _ alias: String, _ schemes: [String], _ doc: String) throws(CommandFailure)
        -> String
    {
        guard environment[alias]?.isEmpty == false || environment["NEXORA_" + alias]?.isEmpty == false else {
            throw CommandFailure(
                .badSettings,
                "\(alias) is not set (\(doc)); after make up: . .run/env, else export \(alias)=\(schemes[0])://…"
            )
        }
        return try read { $0.url(key, alias: alias, schemes: schemes, doc: doc).revealed }
    }

    private func read<Value>(_ body: (ConfigReader) -> Value) throws(CommandFailure) -> Value {
        let reader = ConfigReader(environment: environment.filter { !$0.value.isEmpty }, text: "")
        let value = body(reader)
        do {
            try reader.finish()
        } catch {
            // A reader takes the other settings for unknown here: only this key's own problems count.
            let problems = error.problems.filter { problem in reader.report().contains { $0.key == problem.key } }
            if !problems.isEmpty {
                throw CommandFailure(.badSettings, problems.map(\.description).joined(separator: "; "))
            }
        }
        return value
    }
}
