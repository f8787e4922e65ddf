package import Domain
package import HTTPServer

/// A route of the gateway.
package typealias GatewayRoute = Route<Access>

/// What the gateway knows of a route: who may call it, how often, and how it is described. Nothing is open by default.
package struct Access: Sendable {
    /// Who may call it.
    package enum Guard: Hashable, Sendable {
        /// Anybody, without proof. Say why where it is declared.
        case open
        /// Whoever has proven who he is; what it shows or changes is his own.
        case signedIn
        /// Who holds every one of these.
        case permissions(Set<Permission>)
        /// Who has one of these roles. Ask for permissions where there is one: a role is the coarser question.
        case roles(Set<Role>)

        package static func permission(_ permission: Permission) -> Guard { .permissions([permission]) }
    }

    /// How often it may be called, beside the limits that hold for every route.
    package enum Limit: Hashable, Sendable {
        case usual
        /// As often as its address may call anything: what is served from memory to everybody.
        case address
        /// Guesses at passwords and codes: a few a minute from one address.
        case login
        /// Payments: a few a minute of one user, beside what he may call at all (PAY-13).
        case payment
        /// As often as an account with a provider may: its handler counts, and what is nobody's counts against its address.
        case callback
    }

    /// What `Idempotency-Key` does.
    package enum Repetition: Hashable, Sendable {
        /// Nothing: the route is no POST, or sees to it itself, as an import does.
        case unkeyed
        /// The first answer is kept and given again.
        case keyed
        /// As `keyed`, but the answer holds a secret that is not kept: a repetition is told that it was one.
        case keyedSecret
        /// As `keyed`, and refused without a key: what moves money must be told apart from its repetition. An answer that nobody knows
        /// yet is not kept.
        case mandatory
        /// As `mandatory`, for a route that keeps under its key, for ever, what became of it: nothing is kept beside that.
        case lasting

        /// A request without a key is refused.
        package var isMandatory: Bool { self == .mandatory || self == .lasting }
    }

    package let `guard`: Guard
    package let limit: Limit
    package let repetition: Repetition
    package let operation: Operation

    package init(
        _ guard: Guard,
        limit: Limit = .usual,
        repetition: Repetition = .unkeyed,
        operation: Operation
    ) {
        self.guard = `guard`
        self.limit = limit
        self.repetition = repetition
        self.operation = operation
    }
}
