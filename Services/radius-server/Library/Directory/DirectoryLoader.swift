import Concurrency
import Crypto
import Domain
import Observability
import Postgres
import Profiles

/// Reads the directory from Postgres: whole, or the rows that an event named.
final class DirectoryLoader: Sendable {
    private let session: PostgresSession
    private let tools: RowTools
    private let lives: NASLives
    private let log: RateLimitedLog
    private let unusable: CounterCell

    /// Directories that it makes share the NASes' `lives`.
    init(
        session: PostgresSession,
        keyring: Keyring,
        lives: NASLives = NASLives(),
        attributes: ReplyAttributeEncoder,
        logger: Logger,
        registry: MetricsRegistry
    ) {
        self.session = session
        self.lives = lives
        let log = RateLimitedLog(logger)
        let unusable = registry.counter(
            "directory_unusable_rows_total",
            "Rows that could not be taken into the directory",
            labels: []
        ).with()
        tools = RowTools(keyring: keyring, attributes: attributes) { problem in
            unusable.add(1)
            log.warn(
                key: "\(problem.table)",
                "part of a directory row cannot be used and is left out",
                ["error": .string("\(problem)")]
            )
        }
        self.log = log
        self.unusable = unusable
    }

    /// A directory under construction. SAFETY: handed from the task to the session's thread and back, never shared.
    final class Draft: @unchecked Sendable {
        let directory: Directory
        init(_ directory: Directory) { self.directory = directory }
    }

    /// Everything, as of one moment (REPEATABLE READ).
    func load() async throws -> Draft {
        try await session.transaction(isolation: .repeatableRead) { transaction in
            let count = try await transaction.query("SELECT count(*) FROM services")
            let draft = Draft(
                Directory(expectedServices: (count.first?[0].int ?? 0) + 1_024, lives: self.lives)
            )
            for kind in DirectoryQuery.Kind.allCases {
                let take = self.taker(kind)
                _ = try await transaction.copyOut(DirectoryQuery.copy(kind), into: draft) { draft, row in
                    take(draft.directory, &row)
                }
            }
            return draft
        }
    }

    /// The rows of one kind with these ids, as they are now: how to apply each, and which are gone.
    func fetch(_ kind: DirectoryQuery.Kind, ids: [UUID128]) async throws -> RowChanges {
        let tools = tools
        return try await session.copyOut(DirectoryQuery.copy(kind, ids: ids), into: RowChanges(asked: ids)) {
            changes,
            row in
            switch kind {
            case .tenants: changes.add(.tenant(TenantRow(&row, tools: tools)))
            case .nases: changes.add(.nas(try NASRow(&row, tools: tools)))
            case .plans: changes.add(.plan(PlanRow(&row, tools: tools)))
            case .pools: changes.add(.pool(try PoolRow(&row)))
            case .services: changes.add(.service(try ServiceRow(&row, tools: tools)))
            }
        }
    }

    /// The ids of these customers' services.
    func services(ofCustomers ids: [UUID128]) async throws -> [UUID128] {
        try await session.query(DirectoryQuery.services(ofCustomers: ids)).compactMap { row in
            row[0].uuid.map { UUID128(high: $0.high, low: $0.low) }
        }
    }

    /// What Postgres holds, to be compared with what RAM holds. Nobody waits for it: it takes no processor but its own.
    func checksum() async throws -> DirectoryChecksum {
        let rows = try await session.transaction(settings: [("max_parallel_workers_per_gather", "0")]) {
            try await $0.query(DirectoryQuery.checksum)
        }
        func table(_ column: Int) -> DirectoryChecksum.Table {
            .init(count: rows.first?[column].int ?? 0, sum: rows.first?[column + 1].int64 ?? 0)
        }
        return DirectoryChecksum(
            tenants: table(0),
            pools: table(8),
            nases: table(2),
            plans: table(4),
            services: table(6)
        )
    }

    // MARK: - Private

    private func taker(_ kind: DirectoryQuery.Kind) -> @Sendable (Directory, inout PGCopyRow) -> Void {
        { [tools, log, unusable] directory, row in
            do throws(DirectoryRowError) {
                switch kind {
                case .tenants: directory.apply(TenantRow(&row, tools: tools))
                case .nases:
                    directory.apply(try NASRow(&row, tools: tools), now: SystemClock.monotonicNanoseconds())
                case .plans: directory.apply(PlanRow(&row, tools: tools))
                case .pools: directory.apply(try PoolRow(&row))
                case .services: directory.apply(try ServiceRow(&row, tools: tools))
                }
            } catch {
                unusable.add(1)
                log.warn(
                    key: "\(error.table)",
                    "a directory row cannot be used; its owner cannot log on",
                    ["error": .string("\(error)")]
                )
            }
        }
    }
}

/// Rows read again after an event.
struct RowChanges: Sendable {
    enum Row: Sendable {
        case tenant(TenantRow)
        case nas(NASRow)
        case plan(PlanRow)
        case pool(PoolRow)
        case service(ServiceRow)

        var id: UUID128 {
            switch self {
            case .tenant(let row): row.id
            case .nas(let row): row.id
            case .plan(let row): row.id
            case .pool(let row): row.pool.id.value
            case .service(let row): row.id
            }
        }
    }

    private(set) var found: [Row] = []
    /// Asked for and not there: deleted.
    private(set) var missing: Set<UUID128>

    init(asked: [UUID128]) { missing = Set(asked) }

    mutating func add(_ row: Row) {
        found.append(row)
        missing.remove(row.id)
    }
}
