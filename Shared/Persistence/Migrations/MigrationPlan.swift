/// A row of schema_migrations.
struct AppliedMigration: Sendable, Equatable {
    let version: Int
    let name: String
    let checksum: String
    /// Microseconds since 1970.
    let appliedAt: Int64
}

/// Compares what a release brings with what a database has. Pure.
struct MigrationPlan: Sendable {
    let known: [Migration]
    let applied: [AppliedMigration]

    var status: [MigrationStatus] {
        let byVersion = Dictionary(uniqueKeysWithValues: applied.map { ($0.version, $0) })
        var rows = known.map { migration in
            let state: MigrationStatus.State =
                switch byVersion[migration.version] {
                case nil: .pending
                case .some(let row) where row.checksum == migration.checksum: .applied(at: row.appliedAt)
                case .some(let row): .edited(at: row.appliedAt)
                }
            return MigrationStatus(version: migration.version, name: migration.name, state: state)
        }
        for row in applied where !known.contains(where: { $0.version == row.version }) {
            rows.append(MigrationStatus(version: row.version, name: row.name, state: .unknown(at: row.appliedAt)))
        }
        return rows.sorted { $0.version < $1.version }
    }

    /// What to apply, in order, so that everything up to `target` (nil: all) is there.
    func up(to target: Int?) throws(MigrationError) -> [Migration] {
        try check()
        if let target { try checkVersion(target) }
        let last = applied.map(\.version).max() ?? 0
        let pending = known.filter { migration in
            !applied.contains { $0.version == migration.version } && migration.version <= target ?? .max
        }
        for migration in pending where migration.version < last {
            throw .outOfOrder(version: migration.version, name: migration.name)
        }
        return pending
    }

    /// What to take back, the latest first, so that nothing after `target` stays; 0 takes back everything.
    func down(to target: Int) throws(MigrationError) -> [Migration] {
        try check()
        if target != 0 { try checkVersion(target) }
        let versions = Set(applied.map(\.version))
        return known.filter { $0.version > target && versions.contains($0.version) }.reversed()
    }

    private func check() throws(MigrationError) {
        for row in applied {
            guard let migration = known.first(where: { $0.version == row.version }) else {
                throw .unknown(version: row.version, name: row.name)
            }
            guard migration.checksum == row.checksum else { throw .edited(version: row.version, name: row.name) }
        }
    }

    private func checkVersion(_ version: Int) throws(MigrationError) {
        guard known.contains(where: { $0.version == version }) else { throw .noSuchVersion(version) }
    }
}
