package import Billing
package import Domain
import Postgres

/// A shift at a cash desk as it is kept (table cash_shifts).
package struct StoredCashShift: Hashable, Sendable {
    /// Of whoever stands at the desk.
    package let tenantID: TenantID
    package let id: CashShiftID
    package let userID: UserID
    package var shift: CashShift
    package var note: String
    package let openedAt: Timestamp
    /// Nil while it is open.
    package var closedAt: Timestamp?

    package init(
        tenantID: TenantID,
        id: CashShiftID,
        userID: UserID,
        shift: CashShift,
        note: String = "",
        openedAt: Timestamp
    ) {
        self.tenantID = tenantID
        self.id = id
        self.userID = userID
        self.shift = shift
        self.note = note
        self.openedAt = openedAt
    }

    static let columns = """
        r.tenant_id, r.id, r.user_id, r.opening::text AS opening, r.expected::text AS expected, r.counted::text AS counted, \
        r.note, r.opened_at, r.closed_at
        """

    init(_ row: PGRow) throws {
        func count(_ column: String) throws -> CashCount {
            try row.need(column) { cell in cell.text.flatMap { CashCount(json: $0) } }
        }
        var closing: CashShift.Closing?
        if !row["counted"].isNull {
            closing = try CashShift.Closing(expected: count("expected"), counted: count("counted"))
        }
        self.init(
            tenantID: try row.need("tenant_id") { $0.id() },
            id: try row.need("id") { $0.id() },
            userID: try row.need("user_id") { $0.id() },
            shift: CashShift(kept: try count("opening"), closing: closing),
            note: try row.need("note", \.text),
            openedAt: try row.need("opened_at", \.time)
        )
        closedAt = row["closed_at"].time
    }
}

extension CashCount {
    /// `{"EUR":"100.0000"}`.
    package var json: String {
        let members = sorted.map { ($0.currency.code, AuditValue.text($0.decimal)) }
        let object = AuditValue.object(Dictionary(members, uniquingKeysWith: { first, _ in first }))
        return String(decoding: object.canonicalJSON, as: UTF8.self)
    }

    /// Reads what ``json`` wrote; nil for anything else.
    package init?(json: String) {
        guard let texts = LedgerColumns.texts(json) else { return nil }
        self.init()
        for (code, amount) in texts {
            guard let currency = try? Currency(code), let money = try? Money(amount, currency: currency),
                (try? add(money)) != nil
            else { return nil }
        }
    }
}

extension ListSource where Row == StoredCashShift {
    /// Shifts at cash desks, the newest first.
    package static let cashShifts = ListSource(
        name: "cash_shifts",
        tables: ["cash_shifts"],
        selection: StoredCashShift.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("user_id", .id), ListField("is_open", .boolean, condition: "(r.closed_at IS NULL) %"),
            ListField("opened_at", .time), ListField("closed_at", .time, isNullable: true),
        ],
        orders: [ListSort("id", .id)],
        defaultSort: "-id",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("user_id") { .id($0.userID) }, OutputColumn("is_open") { .boolean($0.shift.isOpen) },
            OutputColumn("opening") { .json($0.shift.opening.json) },
            OutputColumn("expected") { .count($0.shift.closing?.expected) },
            OutputColumn("counted") { .count($0.shift.closing?.counted) },
            OutputColumn("difference") { .count($0.shift.closing?.difference) },
            OutputColumn("note") { .text($0.note) }, OutputColumn("opened_at") { .time($0.openedAt) },
            OutputColumn("closed_at") { .time($0.closedAt) },
        ],
        decode: { try StoredCashShift($0) }
    )
}

extension FieldValue {
    /// Amounts by currency, or null.
    fileprivate static func count(_ count: CashCount?) -> FieldValue { count.map { .json($0.json) } ?? .null }
}

/// The cash shifts of one scope.
package struct CashShiftStore {
    /// What a shift's payments did to its till so far.
    package struct Takings: Hashable, Sendable {
        package var taken = CashCount()
        package var given = CashCount()
        /// Of which nobody knows yet.
        package var underWay = 0
    }

    package enum Lock: Sendable {
        case none
        /// The shift stays open until the transaction ends; others may say the same.
        case share
        case update

        fileprivate var clause: String {
            switch self {
            case .none: ""
            case .share: " FOR SHARE"
            case .update: " FOR UPDATE"
            }
        }
    }

    private let transaction: ScopedTransaction

    /// Reads and writes in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// The shift of that id.
    package func find(_ id: CashShiftID, lock: Lock = .none) async throws -> StoredCashShift? {
        try await transaction.query(
            """
            SELECT \(StoredCashShift.columns) FROM cash_shifts r
            WHERE r.tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND r.id = $1\(lock.clause)
            """,
            [.id(id)]
        ).first.map { try StoredCashShift($0) }
    }

    /// Somebody's open shift: one at most.
    package func current(of user: UserID, in tenant: TenantID, lock: Lock = .none) async throws -> StoredCashShift? {
        try await transaction.query(
            """
            SELECT \(StoredCashShift.columns) FROM cash_shifts r
            WHERE r.tenant_id = $1 AND r.user_id = $2 AND r.closed_at IS NULL\(lock.clause)
            """,
            [.id(tenant), .id(user)]
        ).first.map { try StoredCashShift($0) }
    }

    /// Stores an open shift. Throws `alreadyExists` with `cash_shifts_open` where its user has one.
    package func open(_ shift: StoredCashShift) async throws {
        _ = try await transaction.query(
            """
            INSERT INTO cash_shifts (tenant_id, id, user_id, opening, note, opened_at)
            VALUES ($1, $2, $3, $4::text::jsonb, $5, $6)
            """,
            [
                .id(shift.tenantID), .id(shift.id), .id(shift.userID), .text(shift.shift.opening.json),
                .text(shift.note), .time(shift.openedAt),
            ]
        )
    }

    /// What the shift's payments did, in every tenant of the scope.
    package func takings(of id: CashShiftID) async throws -> Takings {
        var takings = Takings()
        for row in try await transaction.query(
            """
            SELECT currency, coalesce(sum(amount) FILTER (WHERE status = 'completed' AND refund_of IS NULL), 0)::bigint AS taken,
                coalesce(sum(amount) FILTER (WHERE status = 'completed' AND refund_of IS NOT NULL), 0)::bigint AS given,
                count(*) FILTER (WHERE status IN ('pending', 'processing')) AS under_way
            FROM payments
            WHERE tenant_id = ANY ((SELECT visible_tenants())::uuid[]) AND shift_id = $1 GROUP BY currency
            """,
            [.id(id)]
        ) {
            let currency = try LedgerColumns.currency(row, "currency")
            try takings.taken.add(LedgerColumns.money(row, "taken", currency))
            try takings.given.add(LedgerColumns.money(row, "given", currency))
            takings.underWay += Int(try row.need("under_way", \.int64))
        }
        return takings
    }

    /// Keeps the end of a shift. Throws `notFound` where it is not open.
    package func close(_ shift: StoredCashShift) async throws {
        guard let closing = shift.shift.closing else { throw PersistenceError.notFound }
        let rows = try await transaction.query(
            """
            UPDATE cash_shifts SET expected = $3::text::jsonb, counted = $4::text::jsonb, note = $5, closed_at = $6
            WHERE tenant_id = $1 AND id = $2 AND closed_at IS NULL RETURNING id
            """,
            [
                .id(shift.tenantID), .id(shift.id), .text(closing.expected.json), .text(closing.counted.json),
                .text(shift.note), .time(shift.closedAt),
            ]
        )
        guard !rows.isEmpty else { throw PersistenceError.notFound }
    }
}
