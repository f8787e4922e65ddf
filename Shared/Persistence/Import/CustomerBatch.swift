import Domain
import Postgres

/// Stores a batch of an import's customers in one transaction; where the database refuses it, in halves, down to the row at fault.
struct CustomerBatch: Sendable {
    let tenant: TenantID
    let isDryRun: Bool
    /// Rows may have been stored by an earlier run.
    let isRepeatable: Bool
    let audit: CustomerImport.Audit

    /// What tells the end of a dry run from a failure: it undoes the transaction on purpose.
    private struct DryRunEnd: Error {
        let results: [ImportResult]
    }

    func store(_ batch: [PendingCustomer], in database: ScopedDatabase) async throws -> [ImportResult] {
        do {
            return try await database.transaction { transaction in
                let results = try await store(batch, transaction)
                if isDryRun { throw DryRunEnd(results: results) }
                return results
            }
        } catch let end as DryRunEnd {
            return end.results
        } catch let refusal as PersistenceError {
            // A tenant that the scope does not see is no row's fault.
            if case .notFound = refusal { throw refusal }
            guard batch.count(where: \.faults.isEmpty) > 1 else {
                return batch.map { row in
                    var row = row
                    if row.faults.isEmpty { row.faults = [ImportFault(nil, refusal.description)] }
                    return row.result
                }
            }
            let middle = batch.count / 2
            return try await store(Array(batch[..<middle]), in: database)
                + (try await store(Array(batch[middle...]), in: database))
        }
    }

    private func store(_ batch: [PendingCustomer], _ transaction: ScopedTransaction) async throws -> [ImportResult] {
        var batch = try await marked(batch, transaction)
        let given = batch.compactMap { $0.isNew ? $0.customer?.code : nil }.filter { !$0.isEmpty }
        let taken = try await transaction.query(
            "SELECT code FROM customers WHERE tenant_id = $1 AND code = ANY ($2)",
            [.id(tenant), .textArray(given)]
        )
        let takenCodes = Set(taken.compactMap { $0["code"].text })
        for index in batch.indices
        where batch[index].storedCode == nil && takenCodes.contains(batch[index].customer?.code ?? "") {
            batch[index].faults.append(ImportFault(.code, "belongs to a customer already"))
        }
        let nameless = batch.indices.filter { batch[$0].isNew && batch[$0].customer?.code.isEmpty == true }
        if !isDryRun {
            let drawn = try await codes(nameless.count, notIn: Set(given), transaction)
            for (index, code) in zip(nameless, drawn) { batch[index].customer?.code = code }
        } else {
            // What a dry run draws would not be what the run draws.
            for index in nameless {
                let line = batch[index].line
                batch[index].customer?.code = "~\(line)"
            }
        }
        let generated = Set(nameless)
        let customers = batch.compactMap { $0.isNew ? $0.customer : nil }
        let stored = try await CustomerRepository(transaction).insertAll(customers, of: tenant)
        if !isDryRun, !stored.isEmpty { try await audit(transaction, stored.map { Change(before: nil, after: $0) }) }
        return batch.enumerated().map { index, row in
            guard row.faults.isEmpty, let customer = row.customer else { return row.result }
            if let code = row.storedCode {
                return ImportResult(line: row.line, code: code, id: customer.id, problems: [])
            }
            return ImportResult(
                line: row.line,
                code: isDryRun && generated.contains(index) ? nil : customer.code,
                id: isDryRun ? nil : customer.id,
                problems: []
            )
        }
    }

    /// The batch with what an earlier run of the same import has stored already.
    private func marked(_ batch: [PendingCustomer], _ transaction: ScopedTransaction) async throws -> [PendingCustomer]
    {
        guard isRepeatable else { return batch }
        let ids = batch.compactMap { $0.faults.isEmpty ? $0.customer?.id : nil }
        let rows = try await transaction.query(
            "SELECT id, code FROM customers WHERE tenant_id = $1 AND id = ANY ($2)",
            [.id(tenant), .uuidArray(ids.map { ($0.value.high, $0.value.low) })]
        )
        var codes: [CustomerID: String] = [:]
        for row in rows { codes[try row.need("id") { $0.id() }] = try row.need("code", \.text) }
        return batch.map { row in
            var row = row
            if row.faults.isEmpty { row.storedCode = row.customer.flatMap { codes[$0.id] } }
            return row
        }
    }

    /// Codes that neither a customer nor another row of the batch has.
    private func codes(
        _ count: Int,
        notIn given: Set<String>,
        _ transaction: ScopedTransaction
    ) async throws -> [String] {
        var codes: [String] = []
        while codes.count < count {
            let drawn = try await CustomerCodes(transaction).draw(count - codes.count, for: tenant)
            codes += drawn.filter { !given.contains($0) }
        }
        return codes
    }
}

extension CustomerRepository {
    /// Stores new customers in one statement, so that one event announces them, and returns them as stored, in their order.
    func insertAll(_ customers: [Customer], of tenant: TenantID) async throws -> [Customer] {
        guard !customers.isEmpty else { return [] }
        let rows = try await transaction.query(
            """
            INSERT INTO customers (tenant_id, id, code, name, email, phone, address, status, due_day, notes, tags, latitude,
                longitude, installed_on, monthly_fee, fee_currency)
            SELECT $1, k.id, k.code, k.name, k.email, k.phone, k.address, k.status, k.due_day, k.notes,
                string_to_array(k.tags, ';'), k.latitude, k.longitude, k.installed_on, k.monthly_fee::numeric, k.currency
            FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[],
                $10::text[], $11::text[], $12::float8[], $13::float8[], $14::date[], $15::text[], $16::text[])
                WITH ORDINALITY AS k (id, code, name, email, phone, address, status, due_day, notes, tags, latitude,
                    longitude, installed_on, monthly_fee, currency, place)
            ORDER BY k.place
            RETURNING \(Self.columns)
            """,
            [
                .id(tenant), .uuidArray(customers.map { ($0.id.value.high, $0.id.value.low) }),
                .textArray(customers.map(\.code)), .textArray(customers.map(\.name)),
                .textArray(customers.map(\.email)), .textArray(customers.map(\.phone)),
                .textArray(customers.map(\.address)), .textArray(customers.map(\.status.rawValue)),
                .int4Array(customers.map { Int32(clamping: $0.dueDay) }), .textArray(customers.map(\.notes)),
                .textArray(customers.map { $0.tags.joined(separator: ";") }),
                .float8Array(customers.map(\.latitude)), .float8Array(customers.map(\.longitude)),
                .dateArray(
                    customers.map { customer in
                        customer.installedOn.map { Int32(clamping: $0.daysSince1970) }
                    }
                ),
                .textArray(customers.map { $0.monthlyFee?.decimal }),
                .textArray(customers.map { $0.monthlyFee?.currency.code }),
            ]
        )
        return try rows.map(Self.customer)
    }
}
