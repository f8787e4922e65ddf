import Domain

/// The octets that fingerprints, leaves, digests and signatures are made of. They never change: a new form gets a new number.
/// Every field stands behind its length, so that no two things have the same octets.
enum LedgerEncoding {
    private static let commandDomain = "nexora.ledger.command.1"
    private static let decisionDomain = "nexora.ledger.decision.1"
    private static let entryDomain = "nexora.ledger.entry.1"
    private static let batchDomain = "nexora.ledger.batch.1"
    private static let checkpointDomain = "nexora.ledger.checkpoint.1"

    /// The command without its id: what makes it the same command when it comes again.
    static func command(_ command: TransferCommand) -> [UInt8] {
        var field = Fields(commandDomain)
        field.add(command.tenantID.value)
        field.add(command.action.kind.rawValue)
        field.add(command.action.target?.value)
        switch command.action {
        case .transfer(let from, let to, let amount):
            field.add(Leg(from, amount.negated))
            field.add(Leg(to, amount))
        case .post(let legs), .capture(_, let legs):
            for leg in legs { field.add(leg) }
        case .hold(let account, let amount, let expiresAt):
            field.add(Leg(account, amount))
            field.add(number: expiresAt?.microseconds)
        case .refund(_, let amount):
            field.add(amount?.currency.code)
            field.add(number: amount?.tenThousandths)
        case .release, .expire, .reverse: break
        }
        field.add(number: command.effectiveAt?.microseconds)
        field.add(command.details)
        field.add(command.exchange)
        if command.isCovered { field.add("covered") }
        return field.bytes
    }

    static func decision(_ row: DecisionRow) -> [UInt8] {
        var field = Fields(decisionDomain)
        field.add(number: Int64(row.decision.at.place))
        field.add(row.tenantID.value)
        field.add(row.key.text)
        field.add(row.fingerprint)
        field.add(row.decision.transferID.value)
        field.add(row.decision.verdict.rawValue)
        guard let transfer = row.transfer else { return field.bytes }
        field.add(transfer.kind.rawValue)
        field.add(number: transfer.effectiveAt.microseconds)
        field.add(number: transfer.recordedAt.microseconds)
        field.add(transfer.details)
        field.add(transfer.target?.value)
        field.add(transfer.hold?.accountID.value)
        field.add(number: transfer.hold?.amount.tenThousandths)
        field.add(number: transfer.hold?.expiresAt?.microseconds)
        field.add(transfer.exchange)
        return field.bytes
    }

    static func entry(_ row: EntryRow) -> [UInt8] {
        var field = Fields(entryDomain)
        field.add(number: Int64(row.at.place))
        field.add(number: Int64(row.leg))
        field.add(number: row.recordedAt.microseconds)
        field.add(row.account.tenantID.value)
        field.add(row.account.id.value)
        field.add(row.owner.kind.rawValue)
        field.add(row.owner.id)
        field.add(row.kind.name)
        field.add(row.kind.gateway)
        field.add(row.transfer.tenantID.value)
        field.add(row.transfer.id.value)
        field.add(row.amount.currency.code)
        field.add(number: row.amount.tenThousandths)
        field.add(number: row.sequence)
        field.add(number: row.balanceAfter.tenThousandths)
        return field.bytes
    }

    static func batch(_ header: BatchHeader) -> [UInt8] {
        var field = Fields(batchDomain)
        field.add(header.lane.rootID.value)
        field.add(header.lane.currency.code)
        field.add(number: header.number)
        field.add(number: header.epoch)
        field.add(number: header.recordedAt.microseconds)
        field.add(number: Int64(header.leaves))
        field.add(header.root)
        field.add(header.previous)
        return field.bytes
    }

    static func checkpoint(_ checkpoint: LedgerCheckpoint) -> [UInt8] {
        var field = Fields(checkpointDomain)
        field.add(checkpoint.lane.rootID.value)
        field.add(checkpoint.lane.currency.code)
        field.add(number: checkpoint.number)
        field.add(checkpoint.digest)
        field.add(number: checkpoint.signedAt.microseconds)
        return field.bytes
    }

    /// Fields behind their lengths; one that is missing has length -1.
    private struct Fields {
        private(set) var bytes: [UInt8] = []

        init(_ domain: String) {
            bytes.reserveCapacity(384)
            add(domain)
        }

        mutating func add(_ text: String?) {
            guard let text else { return add(length: nil) }
            add(length: text.utf8.count)
            bytes.append(contentsOf: text.utf8)
        }

        mutating func add(_ field: [UInt8]) {
            add(length: field.count)
            bytes.append(contentsOf: field)
        }

        mutating func add(_ id: UUID128?) {
            guard let id else { return add(length: nil) }
            add(length: 16)
            append(id.high)
            append(id.low)
        }

        mutating func add(number: Int64?) {
            guard let number else { return add(length: nil) }
            add(length: 8)
            append(UInt64(bitPattern: number))
        }

        mutating func add(_ leg: Leg) {
            add(leg.account.tenantID.value)
            add(leg.account.id.value)
            add(leg.amount.currency.code)
            add(number: leg.amount.tenThousandths)
        }

        mutating func add(_ details: TransferDetails) {
            add(details.purpose.name)
            add(details.reference)
            add(details.description)
            add(number: Int64(details.metadata.count))
            for (name, value) in details.sortedMetadata {
                add(name)
                add(value)
            }
        }

        mutating func add(_ exchange: ExchangeRecord?) {
            guard let exchange else { return add(length: nil) }
            add(number: exchange.rate.tenBillionths)
            add(exchange.sold.currency.code)
            add(number: exchange.sold.tenThousandths)
            add(exchange.bought.currency.code)
            add(number: exchange.bought.tenThousandths)
            add(exchange.sale?.value)
        }

        private mutating func add(length: Int?) {
            let length = length.map { UInt32(truncatingIfNeeded: $0) } ?? .max
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: length >> UInt32(shift)))
            }
        }

        private mutating func append(_ word: UInt64) {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
    }
}
