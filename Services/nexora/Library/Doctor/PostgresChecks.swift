import Domain
import Persistence

/// What the server's facts mean.
struct PostgresChecks {
    let facts: ServerFacts
    let now: Timestamp

    func all() -> [Check] {
        var checks = [version(), login(), durability(), clock()]
        guard facts.hasSchema else {
            return checks + [.fail("schema", "the database is empty", "nexora migrate up")]
        }
        checks += [roles(), rowSecurity(), partitions()]
        return checks
    }

    private func version() -> Check {
        let text = "Postgres \(facts.versionNumber / 10_000).\(facts.versionNumber % 10_000)"
        guard facts.versionNumber >= 150_000 else {
            return .fail(
                "Postgres",
                "\(text): older than 15",
                "views would see past row-level security: upgrade the server"
            )
        }
        return .ok("Postgres", "\(text), \(facts.connections) of \(facts.maximumConnections) connections in use")
    }

    private func login() -> Check {
        guard facts.loginBypassesRowSecurity else { return .ok("login", "\(facts.login), bound by row-level security") }
        return .warn(
            "login",
            "\(facts.login) is a superuser or bypasses row-level security",
            "give DATABASE_URL a role of its own: LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS, owner of the database"
        )
    }

    private func durability() -> Check {
        var weak: [String] = []
        if facts.fsync != "on" { weak.append("fsync=\(facts.fsync)") }
        if facts.fullPageWrites != "on" { weak.append("full_page_writes=\(facts.fullPageWrites)") }
        if facts.synchronousCommit == "off" { weak.append("synchronous_commit=off") }
        guard !weak.isEmpty else { return .ok("durability", "fsync, full_page_writes and synchronous_commit are on") }
        return .fail(
            "durability",
            "\(weak.joined(separator: ", ")): a power cut loses what was acknowledged",
            "set them to on in postgresql.conf and reload"
        )
    }

    private func clock() -> Check {
        let apart = abs(now.microseconds(since: facts.time)) / 1_000
        guard apart > 2_000 else { return .ok("clock", "\(apart) ms apart from the database's") }
        return .warn("clock", "\(apart) ms apart from the database's", "keep both by NTP: timedatectl set-ntp true")
    }

    private func roles() -> Check {
        guard facts.missingRoles.isEmpty else {
            return .fail(
                "roles",
                "missing: \(facts.missingRoles.joined(separator: ", "))",
                "nexora migrate up makes them"
            )
        }
        guard facts.strongRoles.isEmpty else {
            return .fail(
                "roles",
                "\(facts.strongRoles.joined(separator: ", ")) may bypass row-level security",
                "ALTER ROLE … NOSUPERUSER NOBYPASSRLS"
            )
        }
        return .ok(
            "roles",
            "nexora_gateway, nexora_operator, nexora_pipeline, nexora_billing and nexora_notifier: bound by row-level security"
        )
    }

    private func rowSecurity() -> Check {
        guard facts.openTables.isEmpty else {
            return .fail(
                "row-level security",
                "not forced on: \(facts.openTables.joined(separator: ", "))",
                "ALTER TABLE … ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
            )
        }
        guard facts.grantedPartitions.isEmpty else {
            return .fail(
                "row-level security",
                "partitions with grants of their own: \(facts.grantedPartitions.joined(separator: ", "))",
                "REVOKE ALL ON … FROM nexora_gateway, nexora_operator, nexora_pipeline, nexora_billing, nexora_notifier, PUBLIC"
            )
        }
        return .ok("row-level security", "forced on every tenant table and partition")
    }

    private func partitions() -> Check {
        guard facts.rowsInDefaultPartition == 0 else {
            return .warn(
                "history partitions",
                "closed sessions lie in the default partition",
                "accounting-consumer makes months ahead: check that it runs"
            )
        }
        return .ok("history partitions", "\(facts.monthPartitions) months")
    }
}
