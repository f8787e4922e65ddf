package import Domain

/// What the ledger holds of what a batch's commands name.
package struct LedgerState: Sendable {
    package var accounts: [LedgerAccount]
    package var keys: [KnownKey]
    package var holds: [Hold]
    /// The transfers that reversals and refunds name, and those whose ids commands bring.
    package var transfers: [KnownTransfer]

    package init(
        accounts: [LedgerAccount] = [],
        keys: [KnownKey] = [],
        holds: [Hold] = [],
        transfers: [KnownTransfer] = []
    ) {
        self.accounts = accounts
        self.keys = keys
        self.holds = holds
        self.transfers = transfers
    }
}

/// Applies commands one after another to what the ledger holds. Pure and deterministic.
///
/// What it guarantees: each command gets one decision; a refusal changes nothing but uses its key up; a later command sees all
/// that earlier ones of the batch did; whatever is posted sums to zero in each currency, leaves every account at or above its
/// floor, takes no more from a hold than is left of it and gives no more of a transfer back than it moved.
package struct LedgerBatch: Sendable {
    /// The batch's number in its lane.
    package let number: Int64
    package let recordedAt: Timestamp
    /// The decisions that the batch made, in their order; commands that repeat earlier ones add none.
    package private(set) var decisions: [DecisionRow] = []
    /// The entries that it made, in their order.
    package private(set) var entries: [EntryRow] = []

    private let lane: Lane?
    var accounts: [LedgerAccount]
    var indexes: [LedgerAccountID: Int]
    var holds: [TransferRef: Hold]
    private var keys: [ScopedKey: (fingerprint: [UInt8], decision: TransferDecision)]
    /// Transfers of earlier batches.
    private var known: [TransferRef: KnownTransfer]
    /// Transfers of this batch: their kind, and where their entries are.
    private var made: [TransferRef: (kind: TransferKind, entries: Range<Int>)] = [:]
    var reversed: Set<TransferRef>
    /// How much of a transfer's total was refunded, in ten-thousandths.
    var refunded: [TransferRef: Int64]
    private var changed: Set<Int> = []
    /// The holds that are others now, in the order in which they first became so.
    private var changedHolds: [TransferRef] = []
    private var notedHolds: Set<TransferRef> = []
    private let heldBefore: Set<TransferRef>

    /// A batch on what is known. With a lane, accounts of other lanes are refused as of another currency.
    package init(number: Int64, recordedAt: Timestamp, lane: Lane? = nil, state: LedgerState) {
        self.number = number
        self.recordedAt = recordedAt
        self.lane = lane
        accounts = state.accounts
        indexes = Dictionary(minimumCapacity: state.accounts.count)
        for (index, account) in state.accounts.enumerated() { indexes[account.ref.id] = index }
        holds = Dictionary(state.holds.map { ($0.ref, $0) }) { first, _ in first }
        heldBefore = Set(holds.keys)
        keys = Dictionary(minimumCapacity: state.keys.count)
        for key in state.keys { keys[key.scopedKey] = (key.fingerprint, key.decision) }
        known = Dictionary(state.transfers.map { ($0.ref, $0) }) { first, _ in first }
        reversed = Set(state.transfers.lazy.filter(\.isReversed).map(\.ref))
        refunded = Dictionary(state.transfers.map { ($0.ref, $0.refunded) }) { first, _ in first }
    }

    /// The accounts that the batch changed, as they are now, in the order of their ids.
    package var changedAccounts: [LedgerAccount] {
        changed.map { accounts[$0] }.sorted { $0.ref.id < $1.ref.id }
    }

    /// The holds that the batch placed, as they are now.
    package var placedHolds: [Hold] { changedHolds.filter { !heldBefore.contains($0) }.compactMap { holds[$0] } }

    /// The holds of earlier batches that it changed, as they are now.
    package var usedHolds: [Hold] { changedHolds.filter { heldBefore.contains($0) }.compactMap { holds[$0] } }

    /// Decides one command.
    package mutating func apply(_ command: TransferCommand) -> TransferAnswer {
        let fingerprint = command.fingerprint
        if let used = keys[command.scopedKey] {
            return used.fingerprint == fingerprint ? .repeated(used.decision) : .keyReused
        }
        let at = LanePlace(batch: number, place: Int32(decisions.count))
        let firstEntry = entries.count
        let verdict = perform(command, at)
        let decision = TransferDecision(transferID: command.id, verdict: verdict, at: at)
        keys[command.scopedKey] = (fingerprint, decision)
        if verdict.isPosted { made[command.ref] = (command.action.kind, firstEntry..<entries.count) }
        decisions.append(
            DecisionRow(
                tenantID: command.tenantID,
                key: command.key,
                fingerprint: fingerprint,
                decision: decision,
                transfer: verdict.isPosted ? row(command) : nil
            )
        )
        return .decided(decision)
    }

    private func row(_ command: TransferCommand) -> TransferRow {
        var terms: HoldTerms?
        if case .hold(let account, let amount, let expiresAt) = command.action {
            terms = HoldTerms(accountID: account.id, amount: amount, expiresAt: expiresAt)
        }
        return TransferRow(
            kind: command.action.kind,
            effectiveAt: command.effectiveAt ?? recordedAt,
            recordedAt: recordedAt,
            details: command.details,
            target: command.action.target,
            hold: terms,
            exchange: command.exchange
        )
    }

    private mutating func perform(_ command: TransferCommand, _ at: LanePlace) -> TransferVerdict {
        guard known[command.ref] == nil, made[command.ref] == nil else { return .idTaken }
        switch command.action {
        case .transfer(let from, let to, let amount):
            guard amount.isPositive else { return .amountNotPositive }
            guard isCovered(command, from, amount) else { return .insufficient }
            return post([Leg(from, amount.negated), Leg(to, amount)], command.ref, at)
        case .post(let legs): return post(legs, command.ref, at)
        case .hold(let account, let amount, let expiresAt):
            guard isCovered(command, account, amount) else { return .insufficient }
            return place(command.ref, HoldTerms(accountID: account.id, amount: amount, expiresAt: expiresAt), account)
        case .capture(let hold, let credits):
            return capture(TransferRef(tenantID: command.tenantID, id: hold), credits, command.ref, at)
        case .release(let hold): return unlock(TransferRef(tenantID: command.tenantID, id: hold), whenDue: false)
        case .expire(let hold): return unlock(TransferRef(tenantID: command.tenantID, id: hold), whenDue: true)
        case .reverse(let id): return reverse(TransferRef(tenantID: command.tenantID, id: id), command.ref, at)
        case .refund(let id, let amount):
            return refund(TransferRef(tenantID: command.tenantID, id: id), amount, command.ref, at)
        }
    }

    /// False where the command wants the amount to be there and it is not; an account that cannot be used is refused for that.
    private func isCovered(_ command: TransferCommand, _ account: AccountRef, _ amount: Money) -> Bool {
        guard command.isCovered, case .success(let index) = find(Leg(account, amount)) else { return true }
        return accounts[index].available >= amount.tenThousandths
    }

    /// A transfer's kind and legs, of this batch or an earlier one.
    func earlier(_ transfer: TransferRef) -> (kind: TransferKind, legs: [Leg])? {
        if let made = made[transfer] { return (made.kind, entries[made.entries].map { Leg($0.account, $0.amount) }) }
        return known[transfer].map { ($0.kind, $0.legs) }
    }

    // MARK: - Posting

    /// The account that a leg names, or why it cannot be used.
    func find(_ leg: Leg) -> Result<Int, Refusal> {
        guard let index = indexes[leg.account.id], accounts[index].ref == leg.account else {
            return .failure(Refusal(.accountMissing))
        }
        if accounts[index].isClosed { return .failure(Refusal(.accountClosed)) }
        guard accounts[index].currency == leg.amount.currency, lane.map({ accounts[index].lane == $0 }) ?? true else {
            return .failure(Refusal(.currencyMismatch))
        }
        return .success(index)
    }

    /// Posts the legs, or nothing.
    mutating func post(_ legs: [Leg], _ ref: TransferRef, _ at: LanePlace) -> TransferVerdict {
        guard legs.count >= 2 else { return .unbalanced }
        guard legs.count <= TransferCommand.maximumLegs else { return .tooManyLegs }
        var places: [Int] = []
        places.reserveCapacity(legs.count)
        for leg in legs {
            guard leg.amount.tenThousandths != 0 else { return .amountNotPositive }
            switch find(leg) {
            case .success(let index): places.append(index)
            case .failure(let refusal): return refusal.verdict
            }
        }
        guard Self.isBalanced(legs) else { return .unbalanced }
        return write(legs, places, ref, at)
    }

    /// 64 amounts of 18 digits fit into 128 bits.
    private static func isBalanced(_ legs: [Leg]) -> Bool {
        var sums: [(currency: Currency, sum: Int128)] = []
        for leg in legs {
            let amount = Int128(leg.amount.tenThousandths)
            if let index = sums.firstIndex(where: { $0.currency == leg.amount.currency }) {
                sums[index].sum += amount
            } else {
                sums.append((leg.amount.currency, amount))
            }
        }
        return sums.allSatisfy { $0.sum == 0 }
    }

    /// Writes legs whose accounts were found, and undoes it all where a balance or floor does not hold.
    private mutating func write(_ legs: [Leg], _ places: [Int], _ ref: TransferRef, _ at: LanePlace) -> TransferVerdict
    {
        let before = places.map { (accounts[$0].balance, accounts[$0].sequence) }
        let firstEntry = entries.count
        var verdict = TransferVerdict.posted
        for (number, (leg, place)) in zip(legs, places).enumerated() {
            // Both lie within the range of money, so that their sum fits.
            let balance = accounts[place].balance + leg.amount.tenThousandths
            guard let balanceAfter = try? Money(tenThousandths: balance, currency: leg.amount.currency) else {
                verdict = .amountTooLarge
                break
            }
            accounts[place].balance = balance
            accounts[place].sequence += 1
            entries.append(
                EntryRow(
                    account: leg.account,
                    owner: accounts[place].owner,
                    kind: accounts[place].kind,
                    transfer: ref,
                    at: at,
                    recordedAt: recordedAt,
                    leg: Int16(number),
                    amount: leg.amount,
                    sequence: accounts[place].sequence,
                    balanceAfter: balanceAfter
                )
            )
        }
        if verdict.isPosted, !places.allSatisfy({ accounts[$0].isAboveFloor }) { verdict = .insufficient }
        guard verdict.isPosted else {
            // Backwards, because an account may stand there twice.
            for (place, old) in zip(places, before).reversed() {
                (accounts[place].balance, accounts[place].sequence) = old
            }
            entries.removeSubrange(firstEntry...)
            return verdict
        }
        changed.formUnion(places)
        return .posted
    }

    /// Notes that a hold is another one now, and with it its account.
    mutating func note(_ hold: Hold, _ account: Int) {
        holds[hold.ref] = hold
        if notedHolds.insert(hold.ref).inserted { changedHolds.append(hold.ref) }
        changed.insert(account)
    }
}

/// Why a command is refused.
struct Refusal: Error {
    let verdict: TransferVerdict

    init(_ verdict: TransferVerdict) {
        self.verdict = verdict
    }
}
