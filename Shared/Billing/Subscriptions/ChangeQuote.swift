package import Domain

/// What a change of plan would cost now: told before anybody decides.
package struct ChangeQuote: Hashable, Sendable {
    /// The present period's price for what was used of it, and for the rest.
    package let used: Money
    package let rest: Money
    /// What is credited: the rest where it was paid, and credit that an unpaid bill no longer needs.
    package let credit: Money
    /// The new plan's price, and what of it is to be paid at once. Nothing of a postpaid plan's.
    package let price: Money
    package let dueNow: Money
    /// What is left of credit for later bills.
    package let creditLeft: Money
    /// The new plan's first period.
    package let period: BillingPeriod
}

extension SubscriptionBook {
    /// What ``step(_:at:facts:)`` would do with `change(terms, .now)`; throws as it would.
    package func quote(
        _ terms: PlanTerms,
        at now: Timestamp,
        facts: SubscriptionFacts
    ) throws(SubscriptionRefusal) -> ChangeQuote {
        var passing = SubscriptionStepping(book: self, facts: facts, now: now)
        do { try passing.passTime() } catch { throw .tooMuch }
        let asked = passing.book
        let (after, effects) = try step(.change(terms, .now), at: now, facts: facts)
        guard let clock = asked.subscription.clock, let begun = after.subscription.clock else { throw .wrongState }
        let parts = SubscriptionStepping.parts(of: asked.subscription, clock, at: now)
        var credit = Money.zero(terms.price.currency)
        for case .credited(let amount) in effects { credit = amount }
        let bill = after.bills.first { $0.ordinal == begun.ordinal }
        return ChangeQuote(
            used: parts.used,
            rest: parts.rest,
            credit: credit,
            price: terms.price,
            dueNow: bill?.amount ?? .zero(terms.price.currency),
            creditLeft: after.subscription.credit,
            period: begun.period
        )
    }
}
