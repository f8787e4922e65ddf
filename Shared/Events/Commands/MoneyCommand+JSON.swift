package import Billing
import Domain
package import Ledger
package import WireFormat

// nexora.billing.v1.MoneyCommand: what MoneyCommands carries on `commands.ledger.<operator>.<currency>`.

/// The header in which a message of commands names where its answers go.
package let replyHeader = "Nexora-Reply-To"

extension Subjects {
    /// Where commands for a lane go.
    package static func ledgerCommands(_ lane: Lane) -> String {
        "\(ledgerCommands).\(lane.rootID).\(lane.currency)"
    }

    /// What all of them begin with.
    package static let ledgerCommands = "commands.ledger"

    /// The lane of a subject that ``ledgerCommands(_:)`` made; nil for anything else.
    package static func ledgerLane(_ subject: String) -> Lane? {
        let tokens = subject.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard tokens.count == 4, "\(tokens[0]).\(tokens[1])" == ledgerCommands, let root = TenantID(tokens[2]),
            let currency = try? Currency(tokens[3])
        else { return nil }
        return Lane(rootID: root, currency: currency)
    }
}

extension MoneyCommand {
    package var json: [UInt8] {
        var writer = JSONWriter()
        encode(into: &writer)
        return writer.finish()
    }

    /// Reads one JSON object. An amount that is no decimal, or a text that the ledger would not keep, is `invalidMember`.
    package init(json: [UInt8]) throws(JSONError) {
        var reader = JSONReader(json)
        try self.init(from: &reader)
        try reader.expectEnd()
    }

    init(from reader: inout JSONReader) throws(JSONError) { self = try MoneyFields(from: &reader).command() }

    /// The same command as ``json``, but for what may differ when it is sent again: what is compared under one key.
    package var comparedJSON: [UInt8] {
        let same = MoneyCommand(
            id: TransferID(UUID128(high: 0, low: 0)),
            tenantID: tenantID,
            lane: lane,
            key: key,
            action: action,
            effectiveAt: effectiveAt,
            details: details
        )
        return same.json
    }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("transferId", id)
        writer.member("tenantId", tenantID)
        writer.member("operatorId", lane.rootID)
        writer.member("currency", lane.currency.code)
        writer.member("key", key.text)
        writer.member("kind", MoneyFields.Kind(action))
        if let owner = action.owner { owner.encode("owner", into: &writer) }
        writer.member("amount", present: action.amount?.decimal)
        writer.member("gateway", action.gateway)
        writer.member("targetId", present: action.target)
        writer.member("shared", action.isShared)
        if case .hold(_, _, let expiresAt) = action { writer.member("expiresAt", present: expiresAt) }
        if case .exchange(_, let record) = action {
            writer.member("counterAmount", record.counterAmount.decimal)
            writer.member("counterCurrency", record.counterAmount.currency.code)
            writer.member("rate", record.rate.description)
        }
        writer.member("effectiveAt", present: effectiveAt)
        writer.member("purpose", details.purpose.name)
        writer.member("reference", present: details.reference)
        writer.member("description", details.description)
        if !details.metadata.isEmpty {
            writer.key("metadata")
            writer.beginObject()
            for (name, value) in details.sortedMetadata {
                writer.key(string: name)
                writer.value(value)
            }
            writer.endObject()
        }
        writer.member("correlationId", present: trace.correlationID)
        writer.member("traceparent", present: trace.traceparent)
        writer.endObject()
    }
}

extension MoneyCommand.Action {
    fileprivate var owner: AccountOwner? {
        switch self {
        case .topUp(let owner, _, _), .charge(let owner, _, _), .adjust(let owner, _), .payOut(let owner, _, _),
            .hold(let owner, _, _), .exchange(let owner, _):
            owner
        case .capture, .release, .expire, .refund, .reverse: nil
        }
    }

    fileprivate var amount: Money? {
        switch self {
        case .topUp(_, let amount, _), .charge(_, let amount, _), .adjust(_, let amount), .payOut(_, let amount, _),
            .hold(_, let amount, _), .capture(_, let amount, _):
            amount
        case .refund(_, let amount): amount
        case .exchange(_, let record): record.amount
        case .release, .expire, .reverse: nil
        }
    }

    fileprivate var gateway: String {
        switch self {
        case .topUp(_, _, let gateway), .payOut(_, _, let gateway): gateway
        default: ""
        }
    }

    fileprivate var target: TransferID? {
        switch self {
        case .capture(let id, _, _), .release(let id), .expire(let id), .refund(let id, _), .reverse(let id): id
        case .exchange(_, let record): record.sale
        default: nil
        }
    }

    fileprivate var isShared: Bool {
        switch self {
        case .charge(_, _, let shared), .capture(_, _, let shared): shared
        default: false
        }
    }
}
