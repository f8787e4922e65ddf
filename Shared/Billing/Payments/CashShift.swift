import Domain

/// Somebody's time at a cash desk: what lay in the till when it began, and what was counted when it ended.
package struct CashShift: Hashable, Sendable {
    /// Why a shift cannot be closed.
    package enum Refusal: String, Error, Hashable, Sendable, CaseIterable {
        case closed = "shift_closed"
        /// What a payment will put into the till, or take out of it, is not known yet.
        case paymentsUnderWay = "payments_under_way"
        /// Less than nothing cannot be counted.
        case malformedCount = "malformed_count"
        /// The sums fit no account.
        case tooMuch = "too_much"
    }

    /// What was found at the end.
    package struct Closing: Hashable, Sendable {
        /// What had to be there.
        package let expected: CashCount
        package let counted: CashCount
        /// What was counted less what had to be there: below zero, money is missing. Has every currency of either.
        package let difference: CashCount

        package init(expected: CashCount, counted: CashCount) throws(Refusal) {
            do throws(MoneyError) {
                difference = try counted.less(expected)
            } catch {
                throw .tooMuch
            }
            self.expected = expected
            self.counted = counted
        }
    }

    /// What lay in the till at the beginning.
    package let opening: CashCount
    /// Nil while it is open.
    package private(set) var closing: Closing?

    /// An open one.
    package init(opening: CashCount) throws(Refusal) {
        guard opening.isNatural else { throw .malformedCount }
        self.init(kept: opening, closing: nil)
    }

    /// One that was kept.
    package init(kept opening: CashCount, closing: Closing?) {
        self.opening = opening
        self.closing = closing
    }

    package var isOpen: Bool { closing == nil }

    /// Ends it. `taken` came in with completed payments, `given` went out with completed refunds; `underWay` payments are neither yet.
    package mutating func close(
        counted: CashCount,
        taken: CashCount,
        given: CashCount,
        underWay: Int
    ) throws(Refusal) {
        guard isOpen else { throw .closed }
        guard underWay == 0 else { throw .paymentsUnderWay }
        guard counted.isNatural else { throw .malformedCount }
        closing = try Closing(expected: expected(taken: taken, given: given), counted: counted)
    }

    /// What has to lie in the till by now.
    package func expected(taken: CashCount, given: CashCount) throws(Refusal) -> CashCount {
        do throws(MoneyError) {
            var expected = try taken.less(given)
            for amount in opening.amounts.values { try expected.add(amount) }
            return expected
        } catch {
            throw .tooMuch
        }
    }
}
