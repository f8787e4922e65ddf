package import Domain
package import Redis
internal import WireFormat

/// Looks at what Redis has of sessions and addresses, and changes nothing: for explaining.
package final class AdmissionReader: Sendable {
    private let session: RedisSession

    /// Connects with the first look, to where `locator` says the primary is. Each look may take three times `timeout`.
    package init(_ locator: RedisLocator, timeout: Duration = .seconds(1)) {
        session = RedisSession(scripts: [], timeout: timeout, name: "redis-reader") {
            () throws(RedisError) -> RedisURL in
            guard let current = locator.current else { throw .unreachable("Redis was not found yet") }
            return current
        }
    }

    /// The same where a place says how the primary is found.
    package init(_ place: RedisPlace, timeout: Duration = .seconds(1)) {
        session = RedisSession(place, scripts: [], timeout: timeout, name: "redis-reader")
    }

    /// Who has the units now, zeros for one that was taken out of its pool because it is somebody's for good; nil where nobody
    /// does. Throws `RedisError`.
    package func owners(_ units: [AllocationLedger.Unit]) async throws -> [UUID128?] {
        guard !units.isEmpty else { return [] }
        return try await session.pipeline(
            units.map { Self.words("HGET", "pool:\($0.pool):leased", String($0.offset)) }
        ).map { answer in answer.octets.flatMap { UUID128(bytes: $0) } }
    }

    /// What Redis has of these services and pools now. Not one moment's: each answer stands for itself. Throws `RedisError`.
    package func look(services: [UUID128], pools: [PoolID]) async throws -> AdmissionView {
        var commands = [Self.words("TIME"), Self.words("EXISTS", AdmissionChannel.ready)]
        commands += services.map { [Array("GET".utf8), Self.key($0)] }
        commands += pools.flatMap { pool in
            [
                Self.words("SCARD", "pool:\(pool):available"), Self.words("GET", "pool:\(pool):blocks"),
                Self.words("ZRANGE", "pool:\(pool):idle", "0", "0", "WITHSCORES"),
                Self.words("HLEN", "pool:\(pool):leased"),
            ]
        }
        let answers = try await session.pipeline(commands)
        let time = answers[0].elements?.compactMap(\.number) ?? []
        var view = AdmissionView(
            now: Timestamp(microseconds: (time.first ?? 0) * 1_000_000 + (time.last ?? 0)),
            isReady: answers[1].number == 1
        )
        for (service, answer) in zip(services, answers.dropFirst(2)) {
            view.records[service] = answer.octets.flatMap { ServiceRecord(service: service, octets: $0) }
        }
        for (index, pool) in pools.enumerated() {
            view.pools[pool] = AdmissionView.Supply(answers.dropFirst(2 + services.count + 4 * index).prefix(4))
        }
        try await addOwned(&view)
        return view
    }

    // MARK: - Private

    /// Which units that records name are still their services'.
    private func addOwned(_ view: inout AdmissionView) async throws {
        let named = view.records.values.flatMap { record in
            record.slots.flatMap { $0.units.compactMap { $0 } }.filter { view.pools[$0.pool] != nil }
                .map { (record.service, $0) }
        }
        let answers = try await session.pipeline(
            named.map { Self.words("HGET", "pool:\($1.pool):leased", String($1.offset)) }
        )
        for ((service, unit), answer) in zip(named, answers) {
            if answer.octets.flatMap({ UUID128(bytes: $0) }) == service { view.owned.insert(unit) }
        }
    }

    private static func words(_ words: String...) -> [[UInt8]] { words.map { Array($0.utf8) } }

    private static func key(_ service: UUID128) -> [UInt8] {
        var key = Array("s:".utf8)
        key.append(service)
        return key
    }
}

extension AdmissionView.Supply {
    init(_ answers: ArraySlice<RedisValue>) {
        let answers = Array(answers)
        guard answers.count == 4 else { return }
        available = Int(answers[0].number ?? 0)
        blocks = UInt32(clamping: answers[1].number ?? 0)
        leased = Int(answers[3].number ?? 0)
        guard let idle = answers[2].elements, idle.count == 2, let offset = idle[0].number,
            let until = idle[1].octets.flatMap({ Double(String(decoding: $0, as: UTF8.self)) })
        else { return }
        oldestIdle = (UInt64(clamping: offset), Timestamp(microseconds: Int64(until) * 1_000))
    }
}
