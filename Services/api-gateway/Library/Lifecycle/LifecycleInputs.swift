import Domain

/// What bodies about a service's standing say.
enum LifecycleInputs {
    struct Plain: Sendable {
        var service = ServiceID(.zero)

        static let shape = InputShape<Plain>([InputField("service_id", .id(), \.service, isRequired: true)])
    }

    struct Activation: Sendable {
        var service = ServiceID(.zero)
        var access = LifecycleParameters.Access.ethernet
        var staticIPv4: IPAddress?

        static let shape = InputShape<Activation>([
            InputField("service_id", .id(), \.service, isRequired: true),
            InputField("access", .choice(), \.access),
            InputField("static_ipv4", .address, clearable: \.staticIPv4),
        ])
    }

    struct Change: Sendable {
        enum When: String, Hashable, Sendable, CaseIterable {
            case now
            case periodEnd = "period_end"
        }

        var service = ServiceID(.zero)
        var plan = PlanID(.zero)
        var when = When.now

        static let shape = InputShape<Change>([
            InputField("service_id", .id(), \.service, isRequired: true),
            InputField("plan_id", .id(), \.plan, isRequired: true),
            InputField("when", .choice(), \.when),
        ])
    }
}
