package import Domain
import Postgres

/// The pools by id, to name units by their addresses and to find them again.
package struct PoolCatalogue: Sendable {
    /// A unit as the tables name it.
    struct Name {
        let tenant: TenantID
        let pool: PoolID
        let unit: IPPrefix
    }

    private let known: [PoolID: (row: IPPool, pool: AddressPool)]

    package init(_ pools: [IPPool]) {
        var known: [PoolID: (IPPool, AddressPool)] = [:]
        for row in pools { if let pool = row.pool { known[row.id] = (row, pool) } }
        self.known = known
    }

    /// Every pool with its row.
    package var all: [(row: IPPool, pool: AddressPool)] {
        known.values.sorted { $0.row.id < $1.row.id }.map { ($0.row, $0.pool) }
    }

    package func row(_ id: PoolID) -> IPPool? { known[id]?.row }

    package func pool(_ id: PoolID) -> AddressPool? { known[id]?.pool }

    package func tenant(_ id: PoolID) -> TenantID? { known[id]?.row.tenantID }

    package func stickySeconds(_ id: PoolID) -> Int { known[id]?.row.stickySeconds ?? 0 }

    /// The pool of an entry whose unit it has.
    func pool(_ entry: AllocationEntry) -> AddressPool? {
        known[entry.pool].flatMap { entry.offset < $0.pool.capacity ? $0.pool : nil }
    }

    func name(_ unit: AllocationLedger.Unit) -> Name? {
        known[unit.pool].map { Name(tenant: $0.row.tenantID, pool: unit.pool, unit: $0.pool.unit(unit.offset)) }
    }

    /// A row with the columns of ``AllocationSQL/columns``; nil when its pool is not known or does not have the unit.
    func allocation(_ row: PGRow) -> Allocation? {
        let pool = PoolID(UUID128(row[1]))
        guard let entry = known[pool], let prefix = row[2].text.flatMap({ IPPrefix($0) }),
            let offset = entry.pool.offset(of: prefix.address),
            let status = row[7].text.flatMap(Allocation.Status.init(rawValue:))
        else { return nil }
        return Allocation(
            id: UUID128(row[0]),
            pool: pool,
            offset: offset,
            service: ServiceID(UUID128(row[3])),
            admission: row[5].id(),
            nas: row[4].id(),
            hardwareAddress: row[6].text.flatMap { MACAddress($0) }?.bits ?? 0,
            status: status,
            allocatedAt: Timestamp(microseconds: row[8].timestamptz ?? 0),
            releasedAt: row[9].timestamptz.map(Timestamp.init(microseconds:))
        )
    }

    /// What writes an outcome: closings go before openings, because a unit has one open allocation at most.
    func statements(_ outcome: AllocationLedger.Outcome) -> [PGStatement] {
        var statements: [PGStatement] = []
        if !outcome.changed.isEmpty {
            statements.append(
                PGStatement(
                    AllocationSQL.close,
                    [
                        .uuids(outcome.changed.map { tenant($0.pool)?.value ?? .zero }),
                        .uuids(outcome.changed.map(\.id)),
                        .textArray(outcome.changed.map(\.status.rawValue)),
                        .timestamptzArray(outcome.changed.map { $0.releasedAt?.microseconds }),
                    ]
                )
            )
        }
        let opened = outcome.opened
        if !opened.isEmpty {
            statements.append(
                PGStatement(
                    AllocationSQL.insert,
                    [
                        .uuids(opened.map { tenant($0.pool)?.value ?? .zero }), .uuids(opened.map(\.id)),
                        .uuids(opened.map(\.pool.value)),
                        .textArray(opened.map { known[$0.pool]?.pool.unit($0.offset).description }),
                        .uuids(opened.map(\.service.value)), .uuids(opened.map { $0.nas?.value }),
                        .uuids(opened.map { $0.admission?.value }),
                        .textArray(
                            opened.map {
                                $0.hardwareAddress == 0 ? nil : MACAddress(bits: $0.hardwareAddress).description
                            }
                        ),
                        .textArray(opened.map(\.status.rawValue)),
                        .timestamptzArray(opened.map(\.allocatedAt.microseconds)),
                        .timestamptzArray(opened.map { $0.releasedAt?.microseconds }),
                    ]
                )
            )
        }
        return statements
    }
}
