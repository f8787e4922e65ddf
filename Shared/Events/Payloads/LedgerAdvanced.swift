package import Domain
package import WireFormat

/// A batch of the ledger was written: nexora.ledger.v1.LedgerAdvanced on `ledger.advanced.<tenant>`, one for each batch, on the
/// subject of the operator whose lane it is.
package struct LedgerAdvanced: EventPayload, Hashable {
    package static let type = "nexora.ledger.v1.LedgerAdvanced"
    package static let subject = "ledger.advanced"
    /// Accounts in one event at most: about 600 kB of JSON, below a message's 1 MiB.
    package static let maximumAccounts = 3000

    /// An account as the batch left it; amounts in ten-thousandths.
    package struct Account: Hashable, Sendable {
        package var tenantID: TenantID
        package var accountID: UUID128
        package var balance: Int64
        package var held: Int64
        /// How many entries it has.
        package var sequence: Int64

        package init(tenantID: TenantID, accountID: UUID128, balance: Int64, held: Int64, sequence: Int64) {
            self.tenantID = tenantID
            self.accountID = accountID
            self.balance = balance
            self.held = held
            self.sequence = sequence
        }
    }

    package var currency: Currency
    package var batch: Int64
    package var recordedAt: Timestamp
    /// The batch's digest in hexadecimal digits.
    package var digest: String
    package var transfers: UInt32
    package var refusals: UInt32
    package var accounts: [Account]

    package init(
        currency: Currency,
        batch: Int64,
        recordedAt: Timestamp,
        digest: String,
        transfers: UInt32,
        refusals: UInt32,
        accounts: [Account]
    ) {
        self.currency = currency
        self.batch = batch
        self.recordedAt = recordedAt
        self.digest = digest
        self.transfers = transfers
        self.refusals = refusals
        self.accounts = accounts
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("currency", currency.code)
        writer.member("batch", batch)
        writer.member("recordedAt", recordedAt)
        writer.member("digest", digest)
        writer.member("transfers", transfers)
        writer.member("refusals", refusals)
        if !accounts.isEmpty {
            writer.key("accounts")
            writer.beginArray()
            for account in accounts { account.encode(into: &writer) }
            writer.endArray()
        }
        writer.endObject()
    }

    package init(from reader: inout JSONReader) throws(JSONError) {
        var currency: Currency?
        var recordedAt: Timestamp?
        var (batch, digest): (Int64, String) = (0, "")
        var (transfers, refusals): (UInt32, UInt32) = (0, 0)
        var accounts: [Account] = []
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "currency":
                guard let code = try reader.text() else { return }
                guard let read = try? Currency(code) else { throw .invalidMember("currency") }
                currency = read
            case "batch": batch = try reader.count(key) ?? 0
            case "recordedAt": recordedAt = try reader.timestamp(key)
            case "digest": digest = try reader.text() ?? ""
            case "transfers": transfers = try reader.unsigned32(key) ?? 0
            case "refusals": refusals = try reader.unsigned32(key) ?? 0
            case "accounts":
                guard try !reader.readNull() else { return }
                try reader.readArray { reader throws(JSONError) in accounts.append(try Account(from: &reader)) }
            default: try reader.skipValue()
            }
        }
        self.init(
            currency: try required(currency, "currency"),
            batch: batch,
            recordedAt: try required(recordedAt, "recordedAt"),
            digest: digest,
            transfers: transfers,
            refusals: refusals,
            accounts: accounts
        )
    }
}

extension LedgerAdvanced.Account {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("tenantId", tenantID)
        writer.key("accountId")
        writer.value(accountID)
        writer.member("balance", balance)
        writer.member("held", held)
        writer.member("sequence", sequence)
        writer.endObject()
    }

    fileprivate init(from reader: inout JSONReader) throws(JSONError) {
        var tenant: TenantID?
        var account: UUID128?
        var (balance, held, sequence): (Int64, Int64, Int64) = (0, 0, 0)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "tenantId": tenant = try reader.identifier(key)
            case "accountId": account = try reader.uuid(key)
            case "balance": balance = try reader.readNull() ? 0 : try reader.readInt64()
            case "held": held = try reader.readNull() ? 0 : try reader.readInt64()
            case "sequence": sequence = try reader.count(key) ?? 0
            default: try reader.skipValue()
            }
        }
        self.init(
            tenantID: try required(tenant, "tenantId"),
            accountID: try required(account, "accountId"),
            balance: balance,
            held: held,
            sequence: sequence
        )
    }
}
