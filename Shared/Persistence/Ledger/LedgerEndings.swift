import Billing
import Domain
import Events
import Ledger
import Postgres

/// The payments and the corrections by hand that the ledger was asked for (`payment:ID`, `adjustment:ID`). They end by what it decides,
/// in the commit of the decision: nobody has to hear the answer first. One that ended before stays as it is.
struct LedgerEndings {
    /// What a row is after it ended.
    typealias Ending = MoneyAnswer.Ending

    private struct Wish {
        /// The command's place.
        let place: Int
        let tenantID: TenantID
        let id: UUID128
        let failure: String?
        let trace: CommandTrace
    }

    /// By the commands' places.
    private(set) var endings: [Int: Ending] = [:]
    private(set) var payments: [StoredPayment] = []
    private(set) var events: [OutboxRow] = []
    private let now: Timestamp
    private let wishes: [Paper: [Wish]]

    private enum Paper: CaseIterable {
        case payment, adjustment

        var prefix: String {
            switch self {
            case .payment: StoredPayment.ledgerKeyPrefix
            case .adjustment: StoredAdjustment.ledgerKeyPrefix
            }
        }

        var statement: String {
            switch self {
            case .payment:
                """
                UPDATE payments r SET status = CASE WHEN q.failure IS NULL THEN 'completed' ELSE 'failed' END,
                    failure = q.failure, completed_at = $4
                FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS q (tenant, id, failure)
                WHERE r.tenant_id = q.tenant AND r.id = q.id AND r.status = 'processing' AND r.transfer_id IS NOT NULL
                RETURNING \(StoredPayment.columns)
                """
            case .adjustment:
                """
                UPDATE adjustment_requests r SET posted_at = CASE WHEN q.failure IS NULL THEN $4::timestamptz END,
                    failure = q.failure
                FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS q (tenant, id, failure)
                WHERE r.tenant_id = q.tenant AND r.id = q.id AND r.status = 'approved' AND r.posted_at IS NULL
                    AND r.failure IS NULL
                RETURNING r.id, r.row_version
                """
            }
        }
    }

    /// `now` is when they end.
    init(_ commands: [TransferCommand], _ answers: [TransferAnswer], at now: Timestamp) {
        self.now = now
        var wishes: [Paper: [Wish]] = [:]
        for (place, (command, answer)) in zip(commands, answers).enumerated() {
            guard let verdict = answer.decision?.verdict,
                let (paper, id) = Self.paper(command.key.text)
            else { continue }
            let wish = Wish(
                place: place,
                tenantID: command.tenantID,
                id: id,
                failure: verdict.isPosted ? nil : verdict.rawValue,
                trace: command.trace
            )
            wishes[paper, default: []].append(wish)
        }
        self.wishes = wishes
    }

    private static func paper(_ key: String) -> (Paper, UUID128)? {
        for paper in Paper.allCases where key.hasPrefix(paper.prefix) {
            return UUID128(String(key.dropFirst(paper.prefix.count))).map { (paper, $0) }
        }
        return nil
    }

    /// What ends them.
    var statements: [PGStatement] {
        papers.map { PGStatement($0.statement, Self.parameters(wishes[$0] ?? [], at: now)) }
    }

    /// Takes the rows of ``statements``, and makes the events of what ended.
    mutating func read(_ results: ArraySlice<PGRows>, _ ids: inout EventIDs) throws {
        for (paper, rows) in zip(papers, results) {
            let asked = Dictionary(grouping: wishes[paper] ?? [], by: \.id)
            for row in rows {
                let found = asked[try row.need("id", LedgerColumns.uuid)] ?? []
                let ending = Ending(at: now, version: try row.need("row_version", \.int64))
                for wish in found { endings[wish.place] = ending }
                guard paper == .payment else { continue }
                let payment = try StoredPayment(row)
                payments.append(payment)
                guard let told = PaymentChanged(payment) else { continue }
                events.append(Self.event(told, of: payment.tenantID, ids.next().id, found.first?.trace))
            }
        }
    }

    private var papers: [Paper] { Paper.allCases.filter { wishes[$0] != nil } }

    private static func parameters(_ wishes: [Wish], at now: Timestamp) -> [PGValue] {
        [
            .uuids(wishes.map(\.tenantID.value)), .uuids(wishes.map(\.id)), .textArray(wishes.map(\.failure)),
            .time(now),
        ]
    }

    private static func event(
        _ told: PaymentChanged,
        of tenant: TenantID,
        _ id: EventID,
        _ trace: CommandTrace?
    ) -> OutboxRow {
        var row = OutboxRow(
            id: id,
            tenantID: tenant,
            aggregateID: told.paymentID.value,
            payload: told,
            createdAt: told.endedAt
        )
        row.correlationID = trace?.correlationID
        row.traceparent = trace?.traceparent
        return row
    }
}
