import Crypto
import Domain
import Events
import Persistence

/// Looks at everything Nexora stands on. Nothing is changed, and no check stops the next one.
struct Doctor {
    let context: CommandContext

    /// Every check in the order in which its failure explains the later ones.
    func examine(_ told: (Check) -> Void) async {
        for check in SystemChecks(console: context.console).all() { told(check) }
        let keyring = self.keyring(told)
        await database(keyring, told)
        await nats(told)
        await redis(told)
    }

    private func keyring(_ told: (Check) -> Void) -> Keyring? {
        do {
            let path = try context.settings.keyringPath()
            let keyring = try context.keyring()
            told(.ok("keyring", "\(path): \(keyring)"))
            return keyring
        } catch {
            told(
                .fail(
                    "keyring",
                    context.explain(error).message,
                    "nexora key init makes one; an existing one: NEXORA_KEYRING_PATH"
                )
            )
            return nil
        }
    }

    private func database(_ keyring: Keyring?, _ told: (Check) -> Void) async {
        do {
            try await context.withDatabase { database in
                let facts = try await database.facts()
                for check in PostgresChecks(facts: facts, now: context.time.now()).all() { told(check) }
                await migrations(database, told)
                if let keyring, facts.hasSchema { await canary(keyring, database, told) }
                if facts.hasSchema { await operatorTenant(database, told) }
            }
        } catch {
            told(.fail("Postgres", context.explain(error).message, "check DATABASE_URL and that the server runs"))
        }
    }

    private func migrations(_ database: Database, _ told: (Check) -> Void) async {
        do {
            let status = try await MigrateCommands.migrator(context, database).status()
            let open = status.filter { if case .applied = $0.state { false } else { true } }
            if let first = open.first {
                told(
                    .fail(
                        "migrations",
                        "\(open.count) of \(status.count) are not applied as they are; the first is \(first.name)",
                        "nexora migrate up; nexora migrate status shows them"
                    )
                )
            } else {
                told(.ok("migrations", "all \(status.count) applied"))
            }
        } catch {
            told(.fail("migrations", "\(error)", "NEXORA_MIGRATIONS_PATH says where they are"))
        }
    }

    private func canary(_ keyring: Keyring, _ database: Database, _ told: (Check) -> Void) async {
        do {
            switch try await database.check(keyring, planting: false) {
            case .accepted: told(.ok("keyring and database", "the keyring opens this database's secrets"))
            case .absent: told(.ok("keyring and database", "nothing is sealed yet"))
            }
        } catch {
            told(
                .fail(
                    "keyring and database",
                    context.explain(error).message,
                    "put the keyring back that was in use when the database was filled"
                )
            )
        }
    }

    private func operatorTenant(_ database: Database, _ told: (Check) -> Void) async {
        do {
            _ = try await database.operatorTenant()
            told(.ok("operator", "planted"))
        } catch {
            told(.warn("operator", context.explain(error).message, "nexora bootstrap plants him"))
        }
    }

    private func nats(_ told: (Check) -> Void) async {
        do {
            try await context.withEvents { events in
                guard await events.connected(within: .seconds(3)) else {
                    told(.fail("NATS", "cannot be reached", "check NATS_URL and that nats-server runs with -js"))
                    return
                }
                told(.ok("NATS", "connected"))
                for stream in Streams.allCases { await check(stream, events, told) }
            }
        } catch {
            told(.fail("NATS", context.explain(error).message, "check NATS_URL and that nats-server runs with -js"))
        }
    }

    private func check(_ stream: Streams, _ events: any EventStreams, _ told: (Check) -> Void) async {
        do {
            guard let facts = try await events.facts(stream: stream.name) else {
                told(
                    .warn(
                        "stream \(stream.name)",
                        "is not there",
                        "a daemon makes it at its start: check that they run"
                    )
                )
                return
            }
            told(
                .ok(
                    "stream \(stream.name)",
                    "\(facts.messages) messages, \(facts.bytes >> 10) KiB, last sequence \(facts.lastSequence)"
                )
            )
        } catch {
            told(
                .fail("stream \(stream.name)", "\(error)", "nats-server needs JetStream: -js, and a store it can write")
            )
        }
    }

    private func redis(_ told: (Check) -> Void) async {
        do {
            let facts = try await context.backends.redisFacts(try context.settings.redisURL())
            if let policy = facts.evictionPolicy, policy != "noeviction" {
                told(
                    .warn(
                        "Redis",
                        "\(facts.version), maxmemory-policy \(policy): a full memory forgets sessions and addresses",
                        "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf"
                    )
                )
            } else {
                told(.ok("Redis", facts.version))
            }
        } catch {
            told(.warn("Redis", context.explain(error).message, "check REDIS_URL and that redis-server runs"))
        }
    }
}
