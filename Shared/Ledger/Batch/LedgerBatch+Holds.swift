import Domain

extension LedgerBatch {
    /// Locks an amount, or nothing.
    mutating func place(_ ref: TransferRef, _ terms: HoldTerms, _ account: AccountRef) -> TransferVerdict {
        guard terms.amount.isPositive else { return .amountNotPositive }
        // A hold stands under its account's tenant.
        guard account.tenantID == ref.tenantID else { return .accountMissing }
        let index: Int
        switch find(Leg(account, terms.amount)) {
        case .success(let found): index = found
        case .failure(let refusal): return refusal.verdict
        }
        if let expiresAt = terms.expiresAt, expiresAt <= recordedAt { return .holdExpired }
        var changed = accounts[index]
        changed.held += terms.amount.tenThousandths
        guard Money.range.contains(changed.held) else { return .amountTooLarge }
        guard changed.isAboveFloor else { return .insufficient }
        accounts[index] = changed
        note(Hold(ref: ref, terms: terms), index)
        return .posted
    }

    /// Takes from a hold what the credits give, or nothing.
    mutating func capture(
        _ target: TransferRef,
        _ credits: [Leg],
        _ ref: TransferRef,
        _ at: LanePlace
    ) -> TransferVerdict {
        guard var hold = holds[target], hold.remaining > 0 else { return .nothingHeld }
        if let expiresAt = hold.terms.expiresAt, expiresAt <= recordedAt { return .holdExpired }
        guard !credits.isEmpty else { return .unbalanced }
        guard credits.count < TransferCommand.maximumLegs else { return .tooManyLegs }
        guard credits.allSatisfy(\.amount.isPositive) else { return .amountNotPositive }
        let sum = credits.reduce(Int128(0)) { $0 + Int128($1.amount.tenThousandths) }
        guard let amount = Int64(exactly: sum), amount <= hold.remaining,
            let debit = try? Money(tenThousandths: -amount, currency: hold.terms.amount.currency)
        else { return .overCapture }
        guard let index = indexes[hold.terms.accountID] else { return .accountMissing }
        // Unlocked first: what is available stays the same, so that the floor holds.
        accounts[index].held -= amount
        let verdict = post([Leg(hold.account, debit)] + credits, ref, at)
        guard verdict.isPosted else {
            accounts[index].held += amount
            return verdict
        }
        hold.captured += amount
        note(hold, index)
        return .posted
    }

    /// Unlocks what is left of a hold.
    mutating func unlock(_ target: TransferRef, whenDue: Bool) -> TransferVerdict {
        guard var hold = holds[target], hold.remaining > 0 else { return .nothingHeld }
        if whenDue {
            guard let expiresAt = hold.terms.expiresAt, expiresAt <= recordedAt else { return .holdNotDue }
        }
        guard let index = indexes[hold.terms.accountID] else { return .accountMissing }
        accounts[index].held -= hold.remaining
        hold.released += hold.remaining
        note(hold, index)
        return .posted
    }
}
