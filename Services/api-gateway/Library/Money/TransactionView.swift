import Domain
import HTTPServer
import Identity
import Ledger
import Persistence
import WireFormat

/// How a transaction goes out: one that moved money, and one that the ledger refused.
enum TransactionView {
    private static let entry = View<EntryRow>([
        .init("account_id", .uuid) { .id($0.account.id) }, .init("tenant_id", .uuid) { .id($0.account.tenantID) },
        .init("kind", .text()) { .text($0.kind.name) },
        .init("owner_kind", .choice(AccountOwner.Kind.allCases.map(\.rawValue))) { .text($0.owner.kind.rawValue) },
        .init("owner_id", .uuid) { .text($0.owner.id.description) },
        .init("amount", .amount) { .text($0.amount.decimal) },
        .init("balance_after", .amount) { .text($0.balanceAfter.decimal) },
        .init("sequence", .integer(1...Int64.max)) { .integer($0.sequence) },
    ])

    private static let hold = View<Hold>([
        .init("amount", .amount) { .text($0.terms.amount.decimal) },
        .init("captured", .amount) { .text($0.part($0.captured)) },
        .init("released", .amount) { .text($0.part($0.released)) },
        .init("expires_at", .nullable(.time)) { .time($0.terms.expiresAt) },
    ])

    static let schema = Schema.object([
        .init("id", .uuid), .init("tenant_id", .uuid), .init("status", .choice(["posted", "refused"])),
        .init("code", .nullable(.text())), .init("kind", .nullable(.text())), .init("currency", .nullable(.currency)),
        .init("purpose", .nullable(.text())), .init("reference", .nullable(.text())), .init("description", .text()),
        .init("metadata", .object([], isOpen: true)), .init("target_id", .nullable(.uuid)),
        .init("effective_at", .nullable(.time)), .init("recorded_at", .nullable(.time)),
        .init("entries", .list(entry.schema)), .init("hold", .nullable(hold.schema)),
    ])

    /// With the entries that he may see.
    static func write(_ found: LedgerTransaction, for principal: Principal, to json: inout JSONWriter) {
        let values: [(String, FieldValue)] = [
            ("id", .id(found.ref.id)), ("tenant_id", .id(found.ref.tenantID)), ("status", .text("posted")),
            ("code", .null), ("kind", .text(found.kind.rawValue)), ("currency", .text(found.currency.code)),
            ("purpose", .text(found.details.purpose.name)), ("reference", .text(found.details.reference)),
            ("description", .text(found.details.description)), ("metadata", .texts(found.details.metadata)),
            ("target_id", .id(found.target)), ("effective_at", .time(found.effectiveAt)),
            ("recorded_at", .time(found.recordedAt)),
        ]
        write(values, found.entries.filter(principal.covers), found.hold, to: &json)
    }

    /// What was refused.
    static func write(_ id: TransferID, of tenant: TenantID, _ verdict: TransferVerdict, to json: inout JSONWriter) {
        let values: [(String, FieldValue)] = [
            ("id", .id(id)), ("tenant_id", .id(tenant)), ("status", .text("refused")),
            ("code", .text(verdict == .insufficient ? "insufficient_funds" : verdict.rawValue)), ("kind", .null),
            ("currency", .null), ("purpose", .null), ("reference", .null), ("description", .text("")),
            ("metadata", .texts([:])), ("target_id", .null), ("effective_at", .null), ("recorded_at", .null),
        ]
        write(values, [], nil, to: &json)
    }

    private static func write(
        _ values: [(String, FieldValue)],
        _ entries: [EntryRow],
        _ held: Hold?,
        to json: inout JSONWriter
    ) {
        json.beginObject()
        for (name, value) in values {
            json.key(string: name)
            value.write(to: &json)
        }
        json.key("entries")
        json.beginArray()
        for row in entries { entry.write(row, to: &json) }
        json.endArray()
        json.key("hold")
        if let held { hold.write(held, to: &json) } else { json.null() }
        json.endObject()
    }
}

extension Hold {
    /// A part of it as an amount; parts never leave the hold's own range.
    fileprivate func part(_ tenThousandths: Int64) -> String {
        (try? Money(tenThousandths: tenThousandths, currency: terms.amount.currency).decimal) ?? terms.amount.decimal
    }
}
