import Crypto
package import Domain
import Postgres
import WireFormat

/// What became of one record of an import.
package struct ImportResult: Sendable, Hashable {
    /// The line that the record begins on, from 1.
    package let line: Int
    /// The customer's code; nil where it was to be generated and is not.
    package let code: String?
    /// The new customer's; nil where he was refused, and in a dry run.
    package let id: CustomerID?
    /// What is wrong; empty where he was, or would have been, stored.
    package let problems: [ImportFault]
}

/// Takes customers from a CSV file into one tenant, batch by batch, while the file arrives.
///
/// Every record has exactly one result, in the file's order. A record that is wrong fails alone. Batches are transactions of their own: what
/// was reported as stored is stored, whatever becomes of the rest. A dry run does the same and undoes each batch. A file of which too
/// much is wrong, or which is too long, ends with an `ImportEnd`.
package struct CustomerImport {
    /// Runs in a batch's transaction, for its audit entries; what it throws undoes the batch and ends the import.
    package typealias Audit = @Sendable (ScopedTransaction, [Change<Customer>]) async throws -> Void

    /// What was read so far.
    package struct Summary: Sendable, Equatable {
        package var rows = 0
        /// Stored, or in a dry run fit to be.
        package var created = 0
        package var failed = 0

        package init(rows: Int = 0, created: Int = 0, failed: Int = 0) {
            self.rows = rows
            self.created = created
            self.failed = failed
        }
    }

    /// Where an import ends before its file does.
    package struct Limits: Sendable, Equatable {
        package var rows = 200_000
        package var faults = 1_000

        package init(rows: Int = 200_000, faults: Int = 1_000) {
            self.rows = rows
            self.faults = faults
        }
    }

    /// So far.
    package private(set) var summary = Summary()

    private let tenant: TenantID
    private let ids: IDGenerator
    private let isDryRun: Bool
    private let database: ScopedDatabase
    private let batchRows: Int
    private let limits: Limits
    private let seed: [UInt8]?
    private let audit: Audit

    private var parser = CSVParser()
    private var reader: CustomerRowReader?
    private var pending: [PendingCustomer] = []
    private var pendingFaults = 0
    private var ready: [ImportResult] = []
    /// Codes that the file gave so far: a dry run has nothing stored to compare the next batch with.
    private var codes: Set<String> = []

    /// An import into a tenant of the scope. With a `seed` each record's id follows from it, the record's place and its content: the
    /// same file under the same seed stores none of its records twice, wherever an earlier run ended.
    package init(
        tenant: TenantID,
        ids: IDGenerator,
        isDryRun: Bool,
        in database: ScopedDatabase,
        batchRows: Int = 500,
        limits: Limits = Limits(),
        seed: [UInt8]? = nil,
        audit: @escaping Audit = { _, _ in }
    ) {
        precondition(batchRows > 0, "rows in a batch")
        self.tenant = tenant
        self.ids = ids
        self.isDryRun = isDryRun
        self.database = database
        self.batchRows = batchRows
        self.limits = limits
        self.seed = seed
        self.audit = audit
    }

    /// Reads on. Returns the results that are certain. Throws `ImportFault` for a heading that cannot be used, `ImportEnd`, and what the database
    /// or the audit throws: `results()` has then what was stored before.
    package mutating func consume(_ bytes: [UInt8]) async throws -> [ImportResult] {
        for read in parser.consume(bytes) { try await take(read) }
        return results()
    }

    /// Ends the file. Returns the last results; throws as `consume`.
    package mutating func finish() async throws -> [ImportResult] {
        for read in parser.finish() { try await take(read) }
        guard reader != nil else { throw ImportFault(nil, "the file is empty") }
        try await store()
        return results()
    }

    /// Results that no call has returned, which are there after one that threw.
    package mutating func results() -> [ImportResult] {
        defer { ready.removeAll() }
        return ready
    }

    private mutating func take(_ read: Result<CSVRecord, CSVError>) async throws {
        guard let reader else {
            switch read {
            case .success(let heading): reader = try CustomerRowReader(heading: heading, tenant: tenant)
            case .failure(let error): throw ImportFault(nil, "the heading \(error.reason)")
            }
            return
        }
        guard summary.rows + pending.count < limits.rows else {
            try await store()
            throw ImportEnd.tooManyRows(limits.rows)
        }
        switch read {
        case .failure(let error):
            pending.append(PendingCustomer(line: error.line, customer: nil, faults: [ImportFault(nil, error.reason)]))
        case .success(let record):
            var (customer, faults) = reader.read(record, id: id(of: record))
            if !customer.code.isEmpty, !codes.insert(customer.code).inserted {
                faults.append(ImportFault(.code, "stands in the file already"))
            }
            pending.append(PendingCustomer(line: record.line, customer: customer, faults: faults))
        }
        if pending.last?.faults.isEmpty == false { pendingFaults += 1 }
        if pending.count == batchRows || summary.failed + pendingFaults >= limits.faults { try await store() }
    }

    private func id(of record: CSVRecord) -> CustomerID {
        guard let seed else { return ids.next() }
        var message = seed
        for number in [record.line] + record.fields.map(\.utf8.count) {
            message += (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        for field in record.fields { message += Array(field.utf8) }
        var octets = Array(Digest.sha256(message).prefix(16))
        // RFC 9562 §5.8.
        octets[6] = octets[6] & 0x0F | 0x80
        octets[8] = octets[8] & 0x3F | 0x80
        return UUID128(bytes: octets).map { CustomerID($0) } ?? ids.next()
    }

    private mutating func store() async throws {
        let batch = pending
        pending.removeAll(keepingCapacity: true)
        pendingFaults = 0
        guard !batch.isEmpty else { return }
        let results = try await CustomerBatch(
            tenant: tenant,
            isDryRun: isDryRun,
            isRepeatable: seed != nil,
            audit: audit
        ).store(batch, in: database)
        let failed = results.count { !$0.problems.isEmpty }
        summary.rows += results.count
        summary.failed += failed
        summary.created += results.count - failed
        ready += results
        guard summary.failed < limits.faults else { throw ImportEnd.tooManyFaults(limits.faults) }
    }
}

/// Why an import ended before its file did.
package enum ImportEnd: Error, Sendable, Hashable, CustomStringConvertible {
    /// So many records were wrong.
    case tooManyFaults(Int)
    /// The file has more records.
    case tooManyRows(Int)

    package var description: String {
        switch self {
        case .tooManyFaults(let count): "\(count) records were wrong: the rest was not looked at"
        case .tooManyRows(let count): "a file may have \(count) records: the rest was not looked at"
        }
    }
}

/// A record on its way into the database.
struct PendingCustomer: Sendable {
    let line: Int
    /// Nil where the record could not be read.
    var customer: Customer?
    var faults: [ImportFault]
    /// The code of the customer that an earlier run made of it.
    var storedCode: String?

    /// It is to be stored.
    var isNew: Bool { faults.isEmpty && storedCode == nil }

    var result: ImportResult {
        ImportResult(
            line: line,
            code: customer.flatMap { $0.code.isEmpty ? nil : $0.code },
            id: nil,
            problems: faults
        )
    }
}
