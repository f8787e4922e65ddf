package import Billing
import Domain
import Ledger
package import WireFormat

// nexora.billing.v1.MoneyAnswer: what goes back to whoever sent a command.

extension MoneyAnswer {
    private enum Kind: ProtoEnum {
        case decided, repeated, keyReused, invalid

        var protoName: StaticString {
            switch self {
            case .decided: "DECIDED"
            case .repeated: "REPEATED"
            case .keyReused: "KEY_REUSED"
            case .invalid: "INVALID"
            }
        }

        var protoNumber: UInt64 {
            switch self {
            case .decided: 1
            case .repeated: 2
            case .keyReused: 3
            case .invalid: 4
            }
        }
    }

    package var json: [UInt8] {
        var writer = JSONWriter()
        encode(into: &writer)
        return writer.finish()
    }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        switch outcome {
        case .decided(let verdict, let id, let isRepeated):
            writer.member("outcome", isRepeated ? Kind.repeated : .decided)
            writer.member("verdict", verdict.rawValue)
            writer.member("transferId", id)
        case .keyReused: writer.member("outcome", Kind.keyReused)
        case .invalid(let flaw):
            writer.member("outcome", Kind.invalid)
            writer.member("flaw", flaw.rawValue)
        }
        if !balances.isEmpty {
            writer.key("balances")
            writer.beginArray()
            for balance in balances { balance.encode(into: &writer) }
            writer.endArray()
        }
        if let ending {
            writer.member("endedAt", ending.at)
            writer.member("endedVersion", ending.version)
        }
        writer.endObject()
    }

    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        try self.init(from: &reader)
        try reader.expectEnd()
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        var (kind, transfer): (Kind?, TransferID?)
        var (verdict, flaw) = ("", "")
        var balances: [Balance] = []
        var (endedAt, version): (Timestamp?, Int64) = (nil, 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "outcome": kind = try reader.choice(key)
            case "verdict": verdict = try reader.text() ?? ""
            case "transferId": transfer = try reader.identifier(key)
            case "flaw": flaw = try reader.text() ?? ""
            case "balances":
                guard try !reader.readNull() else { return }
                try reader.readArray { reader throws(JSONError) in balances.append(try Balance(from: &reader)) }
            case "endedAt": endedAt = try reader.timestamp(key)
            case "endedVersion": version = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        let kindRead = try required(kind, "outcome")
        switch kindRead {
        case .decided, .repeated:
            guard let read = TransferVerdict(rawValue: verdict) else { throw .invalidMember("verdict") }
            let id = try required(transfer, "transferId")
            self.init(
                .decided(read, id, repeated: kindRead == .repeated),
                balances: balances,
                ending: endedAt.map { Ending(at: $0, version: version) }
            )
        case .keyReused: self.init(.keyReused)
        case .invalid:
            guard let read = Flaw(rawValue: flaw) else { throw .invalidMember("flaw") }
            self.init(.invalid(read))
        }
    }
}

extension MoneyAnswer.Balance {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("tenantId", account.tenantID)
        writer.member("accountId", account.id)
        owner.encode("owner", into: &writer)
        writer.member("currency", balance.currency.code)
        writer.member("amount", amount.decimal)
        writer.member("balance", balance.decimal)
        writer.member("sequence", sequence)
        writer.endObject()
    }

    fileprivate init(from reader: inout JSONReader) throws(JSONError) {
        var (tenant, account): (TenantID?, LedgerAccountID?)
        var owner: AccountOwner?
        var currency: Currency?
        var (amount, balance): (String?, String?)
        var sequence: Int64 = 0
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "tenantId": tenant = try reader.identifier(key)
            case "accountId": account = try reader.identifier(key)
            case "owner": owner = try AccountOwner.read(from: &reader)
            case "currency": currency = try reader.currency(key)
            case "amount": amount = try reader.text()
            case "balance": balance = try reader.text()
            case "sequence": sequence = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        let known = try required(currency, "currency")
        func money(_ text: String?, _ name: String) throws(JSONError) -> Money {
            guard let read = try? Money(try required(text, name), currency: known) else { throw .invalidMember(name) }
            return read
        }
        self.init(
            account: AccountRef(
                tenantID: try required(tenant, "tenantId"),
                id: try required(account, "accountId")
            ),
            owner: try required(owner, "owner"),
            amount: try money(amount, "amount"),
            balance: try money(balance, "balance"),
            sequence: sequence
        )
    }
}
