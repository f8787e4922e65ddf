package import Domain
package import Ledger
package import Postgres

/// An account that somebody is about to use.
package struct AccountWish: Hashable, Sendable {
    package let tenantID: TenantID
    package let rootID: TenantID
    package let owner: AccountOwner
    package let kind: AccountKind
    package let currency: Currency
    /// What a new account may not fall below; one that is there keeps its own.
    package let floor: Money?

    /// An account with the floor of its kind and owner: a customer's wallet has zero, others none.
    package init(tenantID: TenantID, rootID: TenantID, owner: AccountOwner, kind: AccountKind, currency: Currency) {
        self.init(
            tenantID: tenantID,
            rootID: rootID,
            owner: owner,
            kind: kind,
            currency: currency,
            floor: kind.defaultFloor(currency, for: owner.kind)
        )
    }

    /// An account with a floor of its own; nil: nothing limits it.
    package init(
        tenantID: TenantID,
        rootID: TenantID,
        owner: AccountOwner,
        kind: AccountKind,
        currency: Currency,
        floor: Money?
    ) {
        self.tenantID = tenantID
        self.rootID = rootID
        self.owner = owner
        self.kind = kind
        self.currency = currency
        self.floor = floor
    }
}

/// Finds accounts, and opens those that are not there yet (WAL-15), in a step of its own ahead of the batch that uses them: a
/// batch reads no row that may come into being while it runs. Also closes accounts and moves floors.
package struct AccountOpener: Sendable {
    private let executor: any PGExecutor
    private let ids: IDGenerator

    /// `executor` works as nexora_billing.
    package init(_ executor: any PGExecutor, ids: IDGenerator) {
        self.executor = executor
        self.ids = ids
    }

    /// The accounts in the wishes' order, closed ones too. Whoever else opens the same at that moment gets the same.
    package func open(_ wishes: [AccountWish]) async throws -> [LedgerAccount] {
        guard !wishes.isEmpty else { return [] }
        let results = try await executor.pipeline([
            PGStatement(
                Self.insert,
                Self.names(wishes) + [
                    .uuids(wishes.map { _ in ids.uuid() }), .uuids(wishes.map(\.rootID.value)),
                    .int8Array(wishes.map { $0.floor?.tenThousandths }),
                ]
            ), PGStatement(Self.select, Self.names(wishes)),
        ])
        let found = try results[1].map(LedgerColumns.account)
        guard found.count == wishes.count else { throw PersistenceError.notFound }
        return found
    }

    /// Closes an account, which must be empty: `refused` otherwise. `notFound` where there is none that is open.
    package func close(_ account: AccountRef) async throws {
        try await change(
            "UPDATE ledger_accounts SET closed_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL",
            [.id(account.tenantID), .id(account.id)]
        )
    }

    /// Moves an account's floor: `refused` where what is available lies below it already. Nil: nothing limits the account.
    package func setFloor(of account: AccountRef, to floor: Money?) async throws {
        try await change(
            "UPDATE ledger_accounts SET floor = $3 WHERE tenant_id = $1 AND id = $2 AND ($4::text IS NULL OR currency = $4)",
            [
                .id(account.tenantID), .id(account.id), .number(floor?.tenThousandths),
                .text(floor?.currency.code),
            ]
        )
    }

    private func change(_ sql: String, _ parameters: [PGValue]) async throws {
        let rows = try await ScopedTransaction(executor).query(sql, parameters)
        guard rows.affectedRows == 1 else { throw PersistenceError.notFound }
    }

    private static func names(_ wishes: [AccountWish]) -> [PGValue] {
        [
            .uuids(wishes.map(\.tenantID.value)), .textArray(wishes.map(\.owner.kind.rawValue)),
            .uuids(wishes.map(\.owner.id)), .textArray(wishes.map(\.kind.name)), .textArray(wishes.map(\.kind.gateway)),
            .textArray(wishes.map(\.currency.code)),
        ]
    }

    /// In one order, so that two who open the same do not wait for each other in a circle.
    private static let insert = """
        INSERT INTO ledger_accounts (tenant_id, owner_kind, owner_id, kind, gateway, currency, id, root_id, floor)
        SELECT q.tenant_id, q.owner_kind, q.owner_id, q.kind, q.gateway, q.currency, q.id, q.root_id, q.floor
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::bigint[])
            AS q (tenant_id, owner_kind, owner_id, kind, gateway, currency, id, root_id, floor)
        WHERE NOT EXISTS (SELECT FROM ledger_accounts a WHERE a.tenant_id = q.tenant_id AND a.owner_id = q.owner_id
            AND a.owner_kind = q.owner_kind AND a.kind = q.kind AND a.gateway = q.gateway AND a.currency = q.currency)
        ORDER BY q.tenant_id, q.owner_id, q.owner_kind, q.kind, q.gateway, q.currency
        ON CONFLICT ON CONSTRAINT ledger_accounts_owner DO NOTHING
        """

    private static let select = """
        SELECT \(LedgerColumns.account)
        FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
            AS q (tenant_id, owner_kind, owner_id, kind, gateway, currency, place)
        JOIN ledger_accounts a ON a.tenant_id = q.tenant_id AND a.owner_id = q.owner_id AND a.owner_kind = q.owner_kind
            AND a.kind = q.kind AND a.gateway = q.gateway AND a.currency = q.currency
        ORDER BY q.place
        """
}
