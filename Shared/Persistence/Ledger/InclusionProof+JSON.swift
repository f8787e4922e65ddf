import Crypto
import Domain
import Ledger
import WireFormat

extension InclusionProof {
    /// The proof as one JSON object, for a file that somebody verifies who has no database.
    package var json: [UInt8] {
        let first = headers.first
        return AuditValue.object([
            "format": "nexora.ledger.proof.1", "entry": Self.value(entry), "index": .integer(Int64(index)),
            "path": .list(path.map { .text(Hex.encode($0)) }),
            "operator": .described(first?.lane.rootID), "currency": .described(first?.lane.currency),
            "batches": .list(headers.map(Self.value)), "checkpoint": Self.value(checkpoint),
        ]).canonicalJSON
    }

    /// Reads what `json` wrote; nil for anything else. Whether the proof holds is another question.
    package init?(json: [UInt8]) {
        guard let root = Members(AuditValue(json: json)), root.text("format") == "nexora.ledger.proof.1",
            let rootID = root.text("operator").flatMap({ TenantID($0) }),
            let currency = root.text("currency").flatMap({ try? Currency($0) }),
            let entry = root.members("entry").flatMap({ Self.entry($0, currency) }),
            let index = root.integer("index").flatMap({ Int(exactly: $0) }),
            let path = root.list("path")?.map({ $0.hash }), let batches = root.list("batches"),
            let checkpoint = root.members("checkpoint").flatMap({
                Self.checkpoint($0, Lane(rootID: rootID, currency: currency))
            })
        else { return nil }
        let headers = batches.map { value in
            Members(value).flatMap { Self.header($0, Lane(rootID: rootID, currency: currency)) }
        }
        guard !path.contains(nil), !headers.contains(nil) else { return nil }
        self.init(
            entry: entry,
            index: index,
            path: path.compactMap { $0 },
            headers: headers.compactMap { $0 },
            checkpoint: checkpoint
        )
    }

    // MARK: - Parts

    private static func value(_ entry: EntryRow) -> AuditValue {
        [
            "tenant": .described(entry.account.tenantID), "account": .described(entry.account.id),
            "ownerKind": .text(entry.owner.kind.rawValue), "owner": .described(entry.owner.id),
            "kind": .text(entry.kind.name), "gateway": .text(entry.kind.gateway),
            "transferTenant": .described(entry.transfer.tenantID), "transfer": .described(entry.transfer.id),
            "batch": .integer(entry.at.batch), "place": .integer(Int64(entry.at.place)),
            "leg": .integer(Int64(entry.leg)), "recordedAt": .described(entry.recordedAt),
            "amount": .text(entry.amount.decimal), "sequence": .integer(entry.sequence),
            "balanceAfter": .text(entry.balanceAfter.decimal),
        ]
    }

    private static func entry(_ members: Members, _ currency: Currency) -> EntryRow? {
        guard let tenant = members.text("tenant").flatMap({ TenantID($0) }),
            let account = members.text("account").flatMap({ LedgerAccountID($0) }),
            let ownerKind = members.text("ownerKind").flatMap({ AccountOwner.Kind(rawValue: $0) }),
            let owner = members.text("owner").flatMap({ UUID128($0) }), let kind = members.text("kind"),
            let gateway = members.text("gateway"), let accountKind = AccountKind(name: kind, gateway: gateway),
            let transferTenant = members.text("transferTenant").flatMap({ TenantID($0) }),
            let transfer = members.text("transfer").flatMap({ TransferID($0) }),
            let batch = members.integer("batch"), let place = members.integer("place").flatMap({ Int32(exactly: $0) }),
            let leg = members.integer("leg").flatMap({ Int16(exactly: $0) }),
            let recordedAt = members.text("recordedAt").flatMap({ Timestamp($0) }),
            let amount = members.text("amount").flatMap({ try? Money($0, currency: currency) }),
            let sequence = members.integer("sequence"),
            let balance = members.text("balanceAfter").flatMap({ try? Money($0, currency: currency) })
        else { return nil }
        return EntryRow(
            account: AccountRef(tenantID: tenant, id: account),
            owner: AccountOwner(kind: ownerKind, id: owner),
            kind: accountKind,
            transfer: TransferRef(tenantID: transferTenant, id: transfer),
            at: LanePlace(batch: batch, place: place),
            recordedAt: recordedAt,
            leg: leg,
            amount: amount,
            sequence: sequence,
            balanceAfter: balance
        )
    }

    private static func value(_ header: BatchHeader) -> AuditValue {
        [
            "number": .integer(header.number), "epoch": .integer(header.epoch),
            "recordedAt": .described(header.recordedAt), "leaves": .integer(Int64(header.leaves)),
            "root": .text(Hex.encode(header.root)), "previous": .text(Hex.encode(header.previous)),
        ]
    }

    private static func header(_ members: Members, _ lane: Lane) -> BatchHeader? {
        guard let number = members.integer("number"), let epoch = members.integer("epoch"),
            let recordedAt = members.text("recordedAt").flatMap({ Timestamp($0) }),
            let leaves = members.integer("leaves").flatMap({ Int32(exactly: $0) }),
            let root = members.hash("root"), let previous = members.hash("previous")
        else { return nil }
        return BatchHeader(
            lane: lane,
            number: number,
            epoch: epoch,
            recordedAt: recordedAt,
            leaves: leaves,
            root: root,
            previous: previous
        )
    }

    private static func value(_ signed: SignedLedgerCheckpoint) -> AuditValue {
        [
            "number": .integer(signed.checkpoint.number), "digest": .text(Hex.encode(signed.checkpoint.digest)),
            "signedAt": .described(signed.checkpoint.signedAt), "key": .integer(Int64(signed.signature.keyID)),
            "signature": .text(Hex.encode(signed.signature.octets)),
        ]
    }

    private static func checkpoint(_ members: Members, _ lane: Lane) -> SignedLedgerCheckpoint? {
        guard let number = members.integer("number"), let digest = members.hash("digest"),
            let signedAt = members.text("signedAt").flatMap({ Timestamp($0) }),
            let key = members.integer("key").flatMap({ UInt32(exactly: $0) }),
            let signature = members.text("signature").flatMap(Hex.decode)
        else { return nil }
        return SignedLedgerCheckpoint(
            LedgerCheckpoint(lane: lane, number: number, digest: digest, signedAt: signedAt),
            KeyringSignature(keyID: key, octets: signature)
        )
    }
}

/// The members of a JSON object, by type.
private struct Members {
    private let values: [String: AuditValue]

    init?(_ value: AuditValue?) {
        guard case .object(let values) = value else { return nil }
        self.values = values
    }

    func text(_ name: String) -> String? {
        if case .text(let text) = values[name] { text } else { nil }
    }

    func integer(_ name: String) -> Int64? {
        if case .integer(let number) = values[name] { number } else { nil }
    }

    func list(_ name: String) -> [AuditValue]? {
        if case .list(let list) = values[name] { list } else { nil }
    }

    func members(_ name: String) -> Members? { Members(values[name]) }
    func hash(_ name: String) -> [UInt8]? { values[name]?.hash }
}

extension AuditValue {
    /// 32 octets in hexadecimal digits.
    fileprivate var hash: [UInt8]? {
        guard case .text(let text) = self, let octets = Hex.decode(text), octets.count == 32 else { return nil }
        return octets
    }
}
