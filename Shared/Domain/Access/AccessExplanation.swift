/// One rule of a decision, in the order it was looked at.
package struct AccessRule: Hashable, Sendable {
    /// The rule's name.
    package let name: String
    /// The value it looked at.
    package let value: String
    /// Whether the login passed it.
    package let passed: Bool
}

/// Every rule that `decideAccess` looked at for these facts, up to the one that refused.
package func explainAccess(_ facts: AccessFacts, now: Timestamp) -> [AccessRule] {
    var strict = facts
    strict.hasWalledGarden = false
    var rules = explainStrictly(strict, now: now)
    guard case .accept(_, let reason?) = decideAccess(facts, now: now) else { return rules }
    rules.append(AccessRule(name: "walled garden", value: "\(reason.name)", passed: true))
    return rules
}

private func explainStrictly(_ facts: AccessFacts, now: Timestamp) -> [AccessRule] {
    let decision = decideAccess(facts, now: now)
    var rules: [AccessRule] = []
    func look(_ name: String, _ value: String, refusedBy reasons: RejectReason...) -> Bool {
        let refused = reasons.contains { decision == .reject($0) }
        rules.append(AccessRule(name: name, value: value, passed: !refused))
        return !refused
    }
    guard look("tenant active", "\(facts.tenantActive)", refusedBy: .tenantInactive) else { return rules }
    guard look("service known", "\(facts.serviceKnown)", refusedBy: .unknownUser) else { return rules }
    guard
        look(
            "credential",
            "\(facts.credential)",
            refusedBy: .methodUnsupported,
            .credentialMissing,
            .wrongPassword,
            .deviceMismatch,
            .identityMismatch
        )
    else { return rules }
    guard
        look(
            "service status",
            "\(facts.serviceStatus)",
            refusedBy: .serviceTerminated,
            .servicePending,
            .serviceSuspended
        )
    else { return rules }
    guard
        look("customer status", "\(facts.customerStatus)", refusedBy: .customerTerminated, .customerSuspended)
    else { return rules }
    guard look("expires at", facts.expiresAt.map(\.description) ?? "never", refusedBy: .serviceExpired) else {
        return rules
    }
    switch facts.restriction.holding(at: now) {
    case .none: break
    case .throttled(let position, let until): _ = look("quota", "throttled by quota \(position) until \(until)")
    case .blocked(let until):
        guard look("quota", "used up until \(until)", refusedBy: .quotaExhausted) else { return rules }
    }
    _ = look("plan known", "\(facts.planKnown)", refusedBy: .planMissing)
    return rules
}
