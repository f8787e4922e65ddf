import Billing
import Domain
import HTTPServer
import Persistence
import WireFormat

/// What bodies about subscriptions and bills say.
enum SubscriptionInputs {
    struct Creation: Sendable {
        var service = ServiceID(.zero)
        var cycle = BillingCycle.monthly
        var mode = PlanTerms.Mode.prepaid
        var graceDays = 3
        var periods: Int?
        var price: String?

        static let shape = InputShape<Creation>([
            InputField("service_id", .id(), \.service, isRequired: true),
            InputField("cycle", .cycle, \.cycle, isRequired: true),
            InputField("mode", .choice(), \.mode, isRequired: true),
            InputField("grace_days", .whole(0...365), \.graceDays),
            InputField("periods", .whole(1...100_000), clearable: \.periods),
            InputField("price", .amount, clearable: \.price),
        ])

        /// The terms that a plan is taken on; their version is not stored yet.
        func terms(_ plan: Plan, _ version: PlanVersionID) throws(Problem) -> PlanTerms {
            PlanTerms(
                version: version,
                planID: plan.id,
                price: try Money.of(price, plan.price.currency, field: "price") ?? plan.price,
                cycle: cycle,
                mode: mode,
                periods: periods,
                grace: .seconds(graceDays * 86_400)
            )
        }
    }

    struct Quote: Sendable {
        var plan = PlanID(.zero)

        static let shape = InputShape<Quote>([InputField("plan_id", .id(), \.plan, isRequired: true)])
    }

    struct PlanChange: Sendable {
        var plan = PlanID(.zero)
        var when = SubscriptionEvent.When.periodEnd

        static let shape = InputShape<PlanChange>([
            InputField("plan_id", .id(), \.plan, isRequired: true),
            InputField("when", .choice(), \.when, isRequired: true),
        ])
    }

    struct Promise: Sendable {
        var until = Timestamp(microseconds: 0)

        static let shape = InputShape<Promise>([InputField("until", .time, \.until, isRequired: true)])
    }

    struct Cancellation: Sendable {
        var when = SubscriptionEvent.When.periodEnd

        static let shape = InputShape<Cancellation>([InputField("when", .choice(), \.when, isRequired: true)])
    }

    /// How a bill was paid by hand (INV-17).
    struct Settlement: Sendable {
        enum Method: String, Hashable, Sendable, CaseIterable { case cash, transfer }

        var method = Method.cash
        var notes = ""

        static let shape = InputShape<Settlement>([
            InputField("method", .choice(), \.method, isRequired: true), InputField("notes", .text(2_000), \.notes),
        ])
    }

    fileprivate struct Cycle: Sendable {
        var unit = BillingCycle.Unit.month
        var count = 1

        static let shape = InputShape<Cycle>([
            InputField("unit", .choice(), \.unit, isRequired: true),
            InputField("count", .whole(BillingCycle.counts), \.count, isRequired: true),
        ])
    }
}

extension InputKind where Value == BillingCycle {
    /// How long what a price buys lasts.
    fileprivate static var cycle: InputKind {
        InputKind(
            SubscriptionInputs.Cycle.shape.schema(isWhole: true),
            "a unit (hour, day, month or year) and a count from 1 to 1000"
        ) { value in
            var input = SubscriptionInputs.Cycle()
            guard (try? SubscriptionInputs.Cycle.shape.apply(value, to: &input, isWhole: true)) != nil else {
                return nil
            }
            return BillingCycle(input.unit, count: input.count)
        }
    }
}
