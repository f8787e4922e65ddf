import Billing
import Crypto
import Domain
import HTTPServer
import Identity
import Ledger
import Persistence

/// What the `Idempotency-Key` of a request is to the ledger: the same request has the same, however often it comes and through
/// whichever gateway. It holds nothing of the key itself.
struct MoneyKey: Hashable, Sendable {
    /// The id that the transfer gets.
    let transferID: TransferID

    /// RFC 9562 §5.8: SHA-256 of who asks, of what path, under which key.
    init(_ request: KeyedRequest, path: String) {
        let parts = [request.tenantID.description, request.actor.description, path, request.key]
        // No part but the last, which ends the text, can hold the separator.
        var octets = Array(Digest.sha256(Array(parts.joined(separator: "\n").utf8)).prefix(16))
        octets[6] = octets[6] & 0x0f | 0x80
        octets[8] = octets[8] & 0x3f | 0x80
        transferID = TransferID(UUID128(bytes: octets) ?? .zero)
    }

    var text: String { Self.text(transferID) }

    /// The key under which a request that became this transfer, or was refused, is found.
    static func text(_ transfer: TransferID) -> String { "api:\(transfer)" }
}

extension Request {
    /// The ledger's key of a request whose route demands one.
    var moneyKey: MoneyKey {
        get throws {
            guard let claim = self[IdempotencyClaim.self] else {
                throw Problem.invalid("Idempotency-Key", "is required")
            }
            return MoneyKey(claim.request, path: target.path)
        }
    }

    /// The answer may yet change: the same request under its key is carried out again, which the ledger's own key makes harmless.
    func leaveOpen() { self[IdempotencyClaim.self]?.leaveOpen() }

    /// How long the client waits for what the ledger says: `Prefer: wait=N` (RFC 7240 §4.3), at most 25 s, 5 s unless said. What is no
    /// such preference is passed over, as preferences are.
    var patience: Duration {
        for preference in headers.list("prefer") {
            let pair = preference.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\"" } }
            guard pair.count == 2, pair[0].lowercased() == "wait",
                pair[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let seconds = Int(pair[1].prefix(6))
            else { continue }
            return .seconds(min(seconds, 25))
        }
        return .seconds(5)
    }
}

extension Operation {
    static let prefer = Parameter(
        "Prefer",
        in: .header,
        .text(maximum: 200),
        "wait=N: how many seconds to wait for what the ledger says, 5 unless said, 25 at most; then 202."
    )
}

extension Principal {
    /// Throws `notFound` for a customer: a desk is the house's own, whatever somebody was granted.
    func expectStaff() throws(Problem) {
        switch reach {
        case .subtree, .tenant: break
        case .customer, .nothing: throw .notFound
        }
    }
}

/// What a body says about money that is to be moved.
struct MoneyInput: Sendable {
    var amount: String?
    var currency: Currency?
    var description = ""
    var reference: String?
    var metadata: [String: String] = [:]

    static let amountField = InputField<MoneyInput>("amount", .amount, clearable: \.amount, isRequired: true)
    static let currencyField = InputField<MoneyInput>("currency", .currency, clearable: \.currency)
    static let texts: [InputField<MoneyInput>] = [
        InputField("description", .text(500), \.description),
        InputField("reference", .text(200, minimum: 1), clearable: \.reference),
        InputField("metadata", .texts, \.metadata),
    ]
    static let whole = InputShape<MoneyInput>([amountField, currencyField] + texts)

    /// The amount, which must be more than zero.
    func money(_ currency: Currency? = nil) throws(Problem) -> Money {
        guard let money = try Money.of(amount, currency ?? self.currency, field: "amount"), money.isPositive else {
            throw .invalid("/amount", "must be more than zero", code: "not_positive")
        }
        return money
    }

    /// What the transfer says of itself, with who asked for it.
    func details(_ purpose: TransferPurpose, _ caller: Caller) throws(Problem) -> TransferDetails {
        try .of(purpose, reference, description, metadata, by: caller.audit.actor.id)
    }
}

extension TransferDetails {
    /// Throws 400 for texts that the ledger would not keep. The actor's id stands with the transfer for good: it names nobody outside
    /// of this installation.
    static func of(
        _ purpose: TransferPurpose,
        _ reference: String?,
        _ description: String,
        _ metadata: [String: String],
        by actor: UUID128
    ) throws(Problem) -> TransferDetails {
        var all = metadata
        all["actor"] = actor.description
        do throws(TransferTextError) {
            return try TransferDetails(purpose, reference: reference, description: description, metadata: all)
        } catch {
            switch error {
            case .malformedReference: throw .invalid("/reference", "must be text of 1 to 200 octets", code: "too_long")
            case .malformedMetadata:
                throw .invalid("/metadata", "must be at most 19 texts of at most 500 octets", code: "too_long")
            case .malformedDescription, .malformedPurpose:
                throw .invalid("/description", "must be text of at most 500 octets", code: "too_long")
            }
        }
    }
}

extension InputKind where Value == [String: String] {
    /// An object of texts.
    static var texts: InputKind {
        InputKind(.object([], isOpen: true), "an object of at most 19 texts") { value in
            guard case .object(let members) = value, members.count <= 19 else { return nil }
            var texts: [String: String] = [:]
            for (name, value) in members {
                guard let text = value.text, !name.isEmpty, name.utf8.count <= 64, text.utf8.count <= 500,
                    !(name + text).utf8.contains(0)
                else { return nil }
                texts[name] = text
            }
            return texts
        }
    }
}

extension InputKind where Value == String {
    /// An amount of money of either sign, as text: `-19.90`.
    static var signedAmount: InputKind {
        InputKind(.amount, "an amount such as \"-19.90\"") { value in
            guard let text = value.text, (try? Money(text, currency: .euro)) != nil else { return nil }
            return text
        }
    }
}
