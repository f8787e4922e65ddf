import Billing
import Domain
import Ledger
import WireFormat

/// The members of a command as they stand on the wire.
struct MoneyFields {
    enum Kind: ProtoEnum {
        case topUp, charge, adjust, payOut, hold, capture, release, expire, refund, reverse, exchange

        init(_ action: MoneyCommand.Action) {
            self =
                switch action {
                case .topUp: .topUp
                case .charge: .charge
                case .adjust: .adjust
                case .payOut: .payOut
                case .hold: .hold
                case .capture: .capture
                case .release: .release
                case .expire: .expire
                case .refund: .refund
                case .reverse: .reverse
                case .exchange: .exchange
                }
        }

        var protoName: StaticString {
            switch self {
            case .topUp: "TOP_UP"
            case .charge: "CHARGE"
            case .adjust: "ADJUST"
            case .payOut: "PAY_OUT"
            case .hold: "HOLD"
            case .capture: "CAPTURE"
            case .release: "RELEASE"
            case .expire: "EXPIRE"
            case .refund: "REFUND"
            case .reverse: "REVERSE"
            case .exchange: "EXCHANGE"
            }
        }

        var protoNumber: UInt64 {
            switch self {
            case .topUp: 1
            case .charge: 2
            case .adjust: 3
            case .payOut: 4
            case .hold: 5
            case .capture: 6
            case .release: 7
            case .expire: 8
            case .refund: 9
            case .reverse: 10
            case .exchange: 11
            }
        }
    }

    private var transfer: TransferID?
    private var tenant: TenantID?
    private var root: TenantID?
    private var currency: Currency?
    private var key: IdempotencyKey?
    private var kind: Kind?
    private var owner: AccountOwner?
    private var amount: String?
    private var gateway = ""
    private var target: TransferID?
    private var isShared = false
    private var expiresAt: Timestamp?
    private var counterAmount: String?
    private var counterCurrency: Currency?
    private var rate: ExchangeRate?
    private var effectiveAt: Timestamp?
    private var purpose = ""
    private var reference: String?
    private var description = ""
    private var metadata: [String: String] = [:]
    private var correlationID: String?
    private var traceparent: String?

    init(from reader: inout JSONReader) throws(JSONError) {
        var fields = Self()
        try reader.readMembers { reader, key throws(JSONError) in
            guard try !fields.readNames(&reader, key), try !fields.readAction(&reader, key) else { return }
            try fields.readDetails(&reader, key)
        }
        self = fields
    }

    private init() {}

    private mutating func readNames(_ reader: inout JSONReader, _ name: JSONKey) throws(JSONError) -> Bool {
        switch name {
        case "transferId": transfer = try reader.identifier(name)
        case "tenantId": tenant = try reader.identifier(name)
        case "operatorId": root = try reader.identifier(name)
        case "currency": currency = try reader.currency(name)
        case "key":
            guard let text = try reader.text() else { break }
            guard let read = IdempotencyKey(text) else { throw .invalidMember("key") }
            key = read
        default: return false
        }
        return true
    }

    private mutating func readAction(_ reader: inout JSONReader, _ name: JSONKey) throws(JSONError) -> Bool {
        switch name {
        case "kind": kind = try reader.choice(name)
        case "owner": owner = try AccountOwner.read(from: &reader)
        case "amount": amount = try reader.text()
        case "gateway": gateway = try reader.text() ?? ""
        case "targetId": target = try reader.identifier(name)
        case "shared": isShared = try reader.flag() ?? false
        case "expiresAt": expiresAt = try reader.timestamp(name)
        case "counterAmount": counterAmount = try reader.text()
        case "counterCurrency": counterCurrency = try reader.currency(name)
        case "rate":
            guard let text = try reader.text() else { break }
            guard let read = ExchangeRate(text) else { throw .invalidMember("rate") }
            rate = read
        default: return false
        }
        return true
    }

    private mutating func readDetails(_ reader: inout JSONReader, _ name: JSONKey) throws(JSONError) {
        switch name {
        case "effectiveAt": effectiveAt = try reader.timestamp(name)
        case "purpose": purpose = try reader.text() ?? ""
        case "reference": reference = try reader.text()
        case "description": description = try reader.text() ?? ""
        case "metadata":
            guard try !reader.readNull() else { return }
            var read: [String: String] = [:]
            try reader.readMembers { reader, key throws(JSONError) in
                read[key.description] = try required(try reader.text(), "metadata")
            }
            metadata = read
        case "correlationId": correlationID = try reader.text()
        case "traceparent": traceparent = try reader.text()
        default: try reader.skipValue()
        }
    }

    func command() throws(JSONError) -> MoneyCommand {
        let currency = try required(currency, "currency")
        return MoneyCommand(
            id: try required(transfer, "transferId"),
            tenantID: try required(tenant, "tenantId"),
            lane: Lane(rootID: try required(root, "operatorId"), currency: currency),
            key: try required(key, "key"),
            action: try action(currency),
            effectiveAt: effectiveAt,
            details: try details(),
            trace: CommandTrace(correlationID: correlationID, traceparent: traceparent)
        )
    }

    private func action(_ currency: Currency) throws(JSONError) -> MoneyCommand.Action {
        func someone() throws(JSONError) -> AccountOwner { try required(owner, "owner") }
        func money() throws(JSONError) -> Money { try required(try optionalMoney(currency), "amount") }
        func about() throws(JSONError) -> TransferID { try required(target, "targetId") }
        return switch try required(kind, "kind") {
        case .topUp: .topUp(try someone(), amount: try money(), gateway: gateway)
        case .charge: .charge(try someone(), amount: try money(), shared: isShared)
        case .adjust: .adjust(try someone(), amount: try money())
        case .payOut: .payOut(try someone(), amount: try money(), gateway: gateway)
        case .hold: .hold(try someone(), amount: try money(), expiresAt: expiresAt)
        case .capture: .capture(hold: try about(), amount: try money(), shared: isShared)
        case .release: .release(hold: try about())
        case .expire: .expire(hold: try about())
        case .refund: .refund(try about(), amount: try optionalMoney(currency))
        case .reverse: .reverse(try about())
        case .exchange: .exchange(try someone(), try exchange(try money()))
        }
    }

    /// The half that moves so much.
    private func exchange(_ amount: Money) throws(JSONError) -> ExchangeRecord {
        let currency = try required(counterCurrency, "counterCurrency")
        guard let counter = try? Money(try required(counterAmount, "counterAmount"), currency: currency) else {
            throw .invalidMember("counterAmount")
        }
        return ExchangeRecord(
            rate: try required(rate, "rate"),
            sold: target == nil ? amount : counter,
            bought: target == nil ? counter : amount,
            sale: target
        )
    }

    private func optionalMoney(_ currency: Currency) throws(JSONError) -> Money? {
        guard let amount else { return nil }
        guard let read = try? Money(amount, currency: currency) else { throw .invalidMember("amount") }
        return read
    }

    private func details() throws(JSONError) -> TransferDetails {
        guard let purpose = try? TransferPurpose(purpose) else { throw .invalidMember("purpose") }
        do throws(TransferTextError) {
            return try TransferDetails(purpose, reference: reference, description: description, metadata: metadata)
        } catch {
            throw switch error {
            case .malformedPurpose: .invalidMember("purpose")
            case .malformedReference: .invalidMember("reference")
            case .malformedDescription: .invalidMember("description")
            case .malformedMetadata: .invalidMember("metadata")
            }
        }
    }
}

// MARK: - Owner

extension AccountOwner.Kind: ProtoEnum {
    var protoName: StaticString {
        switch self {
        case .customer: "CUSTOMER"
        case .tenant: "TENANT"
        }
    }

    var protoNumber: UInt64 {
        switch self {
        case .customer: 1
        case .tenant: 2
        }
    }
}

extension AccountOwner {
    func encode(_ key: StaticString, into writer: inout JSONWriter) {
        writer.key(key)
        writer.beginObject()
        writer.member("kind", kind)
        writer.key("id")
        writer.value(id)
        writer.endObject()
    }

    static func read(from reader: inout JSONReader) throws(JSONError) -> AccountOwner? {
        guard try !reader.readNull() else { return nil }
        var (kind, id): (Kind?, UUID128?)
        try reader.readMembers { reader, key throws(JSONError) in
            switch key {
            case "kind": kind = try reader.choice(key)
            case "id": id = try reader.uuid(key)
            default: try reader.skipValue()
            }
        }
        return AccountOwner(kind: try required(kind, "owner.kind"), id: try required(id, "owner.id"))
    }
}

extension JSONReader {
    mutating func currency(_ key: JSONKey) throws(JSONError) -> Currency? {
        guard let code = try text() else { return nil }
        guard let read = try? Currency(code) else { throw .invalidMember(key.description) }
        return read
    }
}
