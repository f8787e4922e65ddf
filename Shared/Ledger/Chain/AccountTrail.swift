import Domain

/// Follows the entries of accounts along a stretch of a lane: each has the next number of its account, and a balance that follows
/// from the one before.
package struct AccountTrail: Sendable {
    /// An account's entries of the stretch: the number of the first and the balance before it, and both of the last.
    package struct Stretch: Hashable, Sendable {
        package let first: Int64
        /// In ten-thousandths.
        package let before: Int64
        package fileprivate(set) var last: Int64
        /// In ten-thousandths.
        package fileprivate(set) var after: Int64
    }

    package private(set) var stretches: [AccountRef: Stretch] = [:]
    /// The first entry that does not follow from the one before it.
    package private(set) var discrepancy: LedgerDiscrepancy?

    package init() {}

    /// Takes the next entry in the lane's order.
    package mutating func follow(_ entry: EntryRow) {
        guard discrepancy == nil else { return }
        let (amount, after) = (entry.amount.tenThousandths, entry.balanceAfter.tenThousandths)
        guard var stretch = stretches[entry.account] else {
            // Both lie within the range of money, so that their difference fits.
            stretches[entry.account] = Stretch(
                first: entry.sequence,
                before: after - amount,
                last: entry.sequence,
                after: after
            )
            return
        }
        guard entry.sequence == stretch.last + 1, after == stretch.after + amount else {
            discrepancy = .sequenceBroken(entry.account.id, sequence: entry.sequence)
            return
        }
        (stretch.last, stretch.after) = (entry.sequence, after)
        stretches[entry.account] = stretch
    }
}
