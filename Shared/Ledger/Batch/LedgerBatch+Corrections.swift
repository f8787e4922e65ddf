import Domain

/// Taking back what was posted: all of it at once, or the payer's amount in parts. Never both of one transfer.
extension LedgerBatch {
    /// Posts the opposite of a posting or capture of which nothing was taken back yet, or nothing.
    mutating func reverse(_ target: TransferRef, _ ref: TransferRef, _ at: LanePlace) -> TransferVerdict {
        guard let (kind, legs) = earlier(target) else { return .transferMissing }
        guard kind == .post || kind == .capture else { return .notReversible }
        guard !reversed.contains(target) else { return .alreadyReversed }
        guard refunded[target, default: 0] == 0 else { return .alreadyRefunded }
        let verdict = post(legs.map { Leg($0.account, $0.amount.negated) }, ref, at)
        if verdict.isPosted { reversed.insert(target) }
        return verdict
    }

    /// Gives a payer back an amount, or with none all that is left, from those who got it; or nothing.
    mutating func refund(
        _ target: TransferRef,
        _ amount: Money?,
        _ ref: TransferRef,
        _ at: LanePlace
    ) -> TransferVerdict {
        guard let (kind, legs) = earlier(target) else { return .transferMissing }
        guard kind == .post || kind == .capture, let transfer = RefundableTransfer(legs: legs) else {
            return .notRefundable
        }
        guard !reversed.contains(target) else { return .alreadyReversed }
        if let amount {
            guard amount.currency == transfer.total.currency else { return .currencyMismatch }
            guard amount.isPositive else { return .amountNotPositive }
        }
        let before = refunded[target, default: 0]
        let left = transfer.total.tenThousandths - before
        let taken = amount?.tenThousandths ?? left
        guard left > 0, taken <= left else { return .overRefund }
        let verdict = post(transfer.legs(taking: taken, after: before), ref, at)
        if verdict.isPosted { refunded[target] = before + taken }
        return verdict
    }
}
