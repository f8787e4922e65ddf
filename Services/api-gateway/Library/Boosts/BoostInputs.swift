import Billing
import Domain
import HTTPServer

/// What bodies about boosts say.
enum BoostInputs {
    struct Wish: Sendable {
        var subscription = SubscriptionID(.zero)
        var plan = PlanID(.zero)
        var days = 1
        var notes = ""

        private static let what: [InputField<Wish>] = [
            InputField("subscription_id", .id(), \.subscription, isRequired: true),
            InputField("plan_id", .id(), \.plan, isRequired: true),
            InputField("days", .whole(Boost.days), \.days, isRequired: true),
        ]

        static let quote = InputShape<Wish>(what)
        static let request = InputShape<Wish>(what + [InputField("notes", .text(2_000), \.notes)])
    }

    struct Rejection: Sendable {
        var reason = ""

        static let shape = InputShape<Rejection>([InputField("reason", .text(500), \.reason, isRequired: true)])
    }
}
