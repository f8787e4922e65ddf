package import Domain

/// A decision as the batch keeps it, with the transfer when there is one.
package struct DecisionRow: Hashable, Sendable {
    package let tenantID: TenantID
    package let key: IdempotencyKey
    /// SHA-256 of the command's canonical form.
    package let fingerprint: [UInt8]
    package let decision: TransferDecision
    /// Nil for a refusal.
    package let transfer: TransferRow?

    package init(
        tenantID: TenantID,
        key: IdempotencyKey,
        fingerprint: [UInt8],
        decision: TransferDecision,
        transfer: TransferRow?
    ) {
        self.tenantID = tenantID
        self.key = key
        self.fingerprint = fingerprint
        self.decision = decision
        self.transfer = transfer
    }
}

/// A transfer that was made.
package struct TransferRow: Hashable, Sendable {
    package let kind: TransferKind
    /// When it counts.
    package let effectiveAt: Timestamp
    /// When its batch was written; never goes back along a lane.
    package let recordedAt: Timestamp
    package let details: TransferDetails
    /// The hold or transfer that it is about.
    package let target: TransferID?
    package let hold: HoldTerms?
    package let exchange: ExchangeRecord?

    package init(
        kind: TransferKind,
        effectiveAt: Timestamp,
        recordedAt: Timestamp,
        details: TransferDetails,
        target: TransferID?,
        hold: HoldTerms?,
        exchange: ExchangeRecord?
    ) {
        self.kind = kind
        self.effectiveAt = effectiveAt
        self.recordedAt = recordedAt
        self.details = details
        self.target = target
        self.hold = hold
        self.exchange = exchange
    }
}

/// What a hold was placed with.
package struct HoldTerms: Hashable, Sendable {
    /// An account of the hold's own tenant.
    package let accountID: LedgerAccountID
    package let amount: Money
    package let expiresAt: Timestamp?

    package init(accountID: LedgerAccountID, amount: Money, expiresAt: Timestamp?) {
        self.accountID = accountID
        self.amount = amount
        self.expiresAt = expiresAt
    }
}

/// One leg of a transfer as it stands in its account.
package struct EntryRow: Hashable, Sendable {
    package let account: AccountRef
    package let owner: AccountOwner
    package let kind: AccountKind
    package let transfer: TransferRef
    package let at: LanePlace
    /// When its batch was written.
    package let recordedAt: Timestamp
    /// The leg's place in its transfer, from 0.
    package let leg: Int16
    package let amount: Money
    /// Counts the account's entries from 1 without gaps.
    package let sequence: Int64
    package let balanceAfter: Money

    package init(
        account: AccountRef,
        owner: AccountOwner,
        kind: AccountKind,
        transfer: TransferRef,
        at: LanePlace,
        recordedAt: Timestamp,
        leg: Int16,
        amount: Money,
        sequence: Int64,
        balanceAfter: Money
    ) {
        self.account = account
        self.owner = owner
        self.kind = kind
        self.transfer = transfer
        self.at = at
        self.recordedAt = recordedAt
        self.leg = leg
        self.amount = amount
        self.sequence = sequence
        self.balanceAfter = balanceAfter
    }
}

/// A hold and what became of it (table ledger_holds).
package struct Hold: Hashable, Sendable {
    package let ref: TransferRef
    package let terms: HoldTerms
    /// In ten-thousandths.
    package var captured: Int64
    /// In ten-thousandths.
    package var released: Int64

    package init(ref: TransferRef, terms: HoldTerms, captured: Int64 = 0, released: Int64 = 0) {
        self.ref = ref
        self.terms = terms
        self.captured = captured
        self.released = released
    }

    package var account: AccountRef { AccountRef(tenantID: ref.tenantID, id: terms.accountID) }

    /// What is still locked, in ten-thousandths.
    package var remaining: Int64 { terms.amount.tenThousandths - captured - released }
}

/// A transfer of an earlier batch, as far as a reversal or refund needs it.
package struct KnownTransfer: Hashable, Sendable {
    package let ref: TransferRef
    package let kind: TransferKind
    /// As they were posted.
    package let legs: [Leg]
    package let isReversed: Bool
    /// What refunds gave its payer back, in ten-thousandths.
    package let refunded: Int64

    package init(ref: TransferRef, kind: TransferKind, legs: [Leg], isReversed: Bool, refunded: Int64) {
        self.ref = ref
        self.kind = kind
        self.legs = legs
        self.isReversed = isReversed
        self.refunded = refunded
    }
}

/// What was decided under a key in an earlier batch.
package struct KnownKey: Hashable, Sendable {
    package let scopedKey: ScopedKey
    package let fingerprint: [UInt8]
    package let decision: TransferDecision

    package init(scopedKey: ScopedKey, fingerprint: [UInt8], decision: TransferDecision) {
        self.scopedKey = scopedKey
        self.fingerprint = fingerprint
        self.decision = decision
    }
}
