package import Domain
package import Redis
internal import WireFormat

/// What keeps the sessions and addresses in Redis true, for tasks. Every call throws `RedisError` while Redis is away;
/// whether it was carried out is unknown then.
package final class AdmissionKeeper: Sendable {
    private static let scripts = [
        AdmissionLua.claim, AdmissionLua.report, AdmissionLua.bind, AdmissionLua.mend, AdmissionLua.trim,
    ]
    private static let ready = AdmissionChannel.ready
    private static let log = "ipam:log"
    private let session: RedisSession

    /// Connects with the first call. Each call may take `timeout`.
    package init(_ place: RedisPlace, timeout: Duration = .seconds(5)) {
        session = RedisSession(place, scripts: Self.scripts, timeout: timeout)
    }

    /// Grows with every connection: what was known of the server may hold no more when it did.
    package var connections: Int { session.connections }

    // MARK: - Readiness and the log

    /// Whether addresses may be given: the leases were loaded.
    package func isReady() async throws -> Bool { try await session.command("EXISTS", Self.ready).number == 1 }

    /// Lets addresses be given from now on.
    package func setReady(_ mark: UUID128) async throws {
        _ = try await session.command("SET", Self.ready, mark.description)
    }

    /// How many entries wait to be stored.
    package func waiting() async throws -> Int { Int(try await session.command("LLEN", Self.log).number ?? 0) }

    /// The log's oldest entries.
    package struct LogBatch: Sendable {
        /// Nil where one cannot be read.
        package let entries: [AllocationEntry?]
        fileprivate let head: [UInt8]
    }

    /// The oldest entries, at most `limit`.
    package func oldest(_ limit: Int) async throws -> LogBatch {
        let octets = try await session.command("LRANGE", Self.log, "0", String(limit - 1)).elements?.map {
            $0.octets ?? []
        }
        return LogBatch(
            entries: octets?.map { AllocationEntry(octets: $0) } ?? [],
            head: octets?.first ?? []
        )
    }

    /// Forgets a batch that is stored, unless another process was first: entries that nobody stored stay. Returns how many
    /// are left.
    package func forget(_ batch: LogBatch) async throws -> Int {
        let count = Array(String(batch.entries.count).utf8)
        let answer = try await session.run(4, keys: [Array(Self.log.utf8)], arguments: [[batch.head, count]])
        return Int(answer.first?.number ?? 0)
    }

    // MARK: - Sessions

    /// Makes grants stand; false for those whose unit another service has.
    package func claim(_ claims: [AdmissionClaim]) async throws -> [Bool] {
        guard !claims.isEmpty else { return [] }
        var octets: [UInt8] = []
        for claim in claims { claim.append(to: &octets) }
        return try await session.run(0, arguments: [[octets]]).first?.octets?.map { $0 == 1 } ?? []
    }

    /// Reports sessions; returns how many ended by it.
    package func report(_ reports: [SessionReport]) async throws -> Int {
        guard !reports.isEmpty else { return 0 }
        var octets: [UInt8] = []
        for report in reports { report.append(to: &octets) }
        return Int(try await session.run(1, arguments: [[octets]]).first?.number ?? 0)
    }

    /// A binding as Postgres has it; address 0 for none.
    package struct Binding: Sendable, Equatable {
        package let service: UUID128
        package let generation: UInt32
        package let hardwareAddress: UInt64

        package init(service: UUID128, generation: UInt32, hardwareAddress: UInt64) {
            self.service = service
            self.generation = generation
            self.hardwareAddress = hardwareAddress
        }
    }

    /// Makes bindings stand, unless Redis has one of a later generation; returns how many were others.
    package func bind(_ bindings: [Binding]) async throws -> Int {
        guard !bindings.isEmpty else { return 0 }
        var octets: [UInt8] = []
        for binding in bindings {
            octets.append(binding.service)
            octets.appendBigEndian(binding.generation)
            octets.appendSixOctets(binding.hardwareAddress)
        }
        return Int(try await session.run(2, arguments: [[octets]]).first?.number ?? 0)
    }

    /// Some services' records, and where to go on; begins and ends with 0. Each service that is there all the while comes up
    /// once at least.
    package func records(from cursor: UInt64, count: Int) async throws -> (next: UInt64, records: [ServiceRecord]) {
        let answer = try await session.command("SCAN", String(cursor), "MATCH", "s:*", "COUNT", String(count)).elements
        let keys = answer?.last?.elements?.compactMap(\.octets).filter { $0.count == 18 } ?? []
        let next = answer?.first?.octets.flatMap { UInt64(String(decoding: $0, as: UTF8.self)) } ?? 0
        return (next, try await records(keys))
    }

    /// The records of these services; those that have none are left out.
    package func records(of services: [UUID128]) async throws -> [ServiceRecord] {
        try await records(
            services.map { service in
                var key = Array("s:".utf8)
                key.append(service)
                return key
            }
        )
    }

    private func records(_ keys: [[UInt8]]) async throws -> [ServiceRecord] {
        guard !keys.isEmpty else { return [] }
        let values = try await session.pipeline([[Array("MGET".utf8)] + keys]).first?.elements ?? []
        return zip(keys, values).compactMap { key, value in
            guard let octets = value.octets, let service = UUID128(bytes: key.dropFirst(2)) else { return nil }
            return ServiceRecord(service: service, octets: octets)
        }
    }

    // MARK: - Pools

    /// Who has the units; nil where nobody does.
    package func owners(_ units: [AllocationLedger.Unit]) async throws -> [UUID128?] {
        try await session.pipeline(
            units.map { unit in ["HGET", "pool:\(unit.pool):leased", String(unit.offset)].map { Array($0.utf8) } }
        ).map { answer in answer.octets.flatMap { UUID128(bytes: $0) } }
    }

    /// A pool's figures.
    package struct Counts: Sendable, Equatable {
        /// Had by services, those that are only kept for them among them.
        package var leased = 0
        /// Kept for who had them last.
        package var kept = 0
        package var available = 0
        package var blocks: UInt32 = 0
    }

    /// The pools' figures, in their order.
    package func counts(_ pools: [PoolID]) async throws -> [Counts] {
        let commands = pools.flatMap { pool in
            [["HLEN", "leased"], ["ZCARD", "idle"], ["SCARD", "available"], ["GET", "blocks"]].map { words in
                [Array(words[0].utf8), Array("pool:\(pool):\(words[1])".utf8)]
            }
        }
        let answers = try await session.pipeline(commands).map { Int($0.number ?? 0) }
        return pools.indices.map { index in
            Counts(
                leased: answers[index * 4],
                kept: answers[index * 4 + 1],
                available: answers[index * 4 + 2],
                blocks: UInt32(clamping: answers[index * 4 + 3])
            )
        }
    }

    /// What a walk over a pool's units mended.
    package struct Mended: Sendable, Equatable {
        /// Neither available nor had by anybody.
        package var lost = 0
        /// Had by services that know nothing of them.
        package var orphaned = 0
        /// Available though they must not be handed out.
        package var excluded = 0

        package init() {}

        package static func += (left: inout Mended, right: Mended) {
            left.lost += right.lost
            left.orphaned += right.orphaned
            left.excluded += right.excluded
        }
    }

    /// Blocks that servers keep for when Redis is away, and who keeps them.
    package func reservedBlocks(_ pool: PoolID) async throws -> [(block: UInt32, holder: String)] {
        let answer = try await session.command("HGETALL", "pool:\(pool):reserved").elements ?? []
        return stride(from: 0, to: answer.count - 1, by: 2).compactMap { index in
            guard let block = answer[index].number, let holder = answer[index + 1].octets else { return nil }
            return (UInt32(clamping: block), String(decoding: holder, as: UTF8.self))
        }
    }

    /// Whether a server that keeps blocks was heard of in the last minutes.
    package func isAlive(_ holder: String) async throws -> Bool {
        try await session.command("EXISTS", "server:\(holder)").number == 1
    }

    /// Takes a block from the server that kept it: what nobody has of it is everybody's after the next ``mend(_:block:isFree:)``.
    package func release(_ block: UInt32, of pool: PoolID) async throws {
        _ = try await session.command("HDEL", "pool:\(pool):reserved", String(block))
    }

    /// Gives back what nobody has of a loaded block, a quarter of a thousand units at a time. `isFree` tells units that are
    /// nobody's for good.
    package func mend(_ pool: AddressPool, block: UInt32, isFree: (UInt64) -> Bool = { _ in true }) async throws
        -> Mended
    {
        let first = UInt64(block) * pool.blockSize
        guard first < pool.capacity else { return Mended() }
        let end = min(pool.capacity, first + pool.blockSize)
        var identity: [UInt8] = []
        identity.append(pool.id.value)
        let arguments = stride(from: first, to: end, by: 256).map { start -> [[UInt8]] in
            var usable: [UInt8] = []
            var others: [UInt8] = []
            for offset in start..<min(end, start + 256) {
                if pool.isUsable(offset), isFree(offset) {
                    usable.appendSixOctets(offset)
                } else {
                    others.appendSixOctets(offset)
                }
            }
            return [identity, Array(String(block).utf8), usable, others]
        }
        var mended = Mended()
        for answer in try await session.run(3, keys: [Array("pool:\(pool.id):".utf8)], arguments: arguments) {
            let counts = answer.elements?.compactMap(\.number).map { Int($0) } ?? []
            guard counts.count == 3 else { continue }
            mended.lost += counts[0]
            mended.orphaned += counts[1]
            mended.excluded += counts[2]
        }
        return mended
    }

    // MARK: - Marks

    /// Whether the mark stands that a pool was told to be nearly exhausted.
    package func isTold(_ pool: PoolID) async throws -> Bool {
        try await session.command("EXISTS", "pool:\(pool):told").number == 1
    }

    /// Sets or takes away that mark.
    package func setTold(_ pool: PoolID, _ told: Bool) async throws {
        _ =
            told
            ? try await session.command("SET", "pool:\(pool):told", "1")
            : try await session.command("DEL", "pool:\(pool):told")
    }
}
