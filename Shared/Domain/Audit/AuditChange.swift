/// What became of a thing: the values that an entry keeps.
package enum AuditChange: Hashable, Sendable {
    /// Nothing changed: a read, a login, an attempt.
    case none
    case created(AuditValue)
    /// Kept are the fields that differ only.
    case updated(AuditValue, AuditValue)
    case deleted(AuditValue)

    /// Old and new value as they are stored: without secrets, and of an update only what differs. Two different secrets both
    /// show as redacted: that they changed is told, not what they were.
    package var stored: (old: AuditValue?, new: AuditValue?) {
        switch self {
        case .none: return (nil, nil)
        case .created(let value): return (nil, AuditRedaction.redact(value))
        case .deleted(let value): return (AuditRedaction.redact(value), nil)
        case .updated(let old, let new):
            let (before, after) = Self.difference(old, new)
            return (AuditRedaction.redact(before), AuditRedaction.redact(after))
        }
    }

    /// Of two objects the members that differ, those of objects inside them likewise; of anything else both.
    static func difference(_ old: AuditValue, _ new: AuditValue) -> (AuditValue, AuditValue) {
        guard case .object(let before) = old, case .object(let after) = new else { return (old, new) }
        var left: [String: AuditValue] = [:]
        var right: [String: AuditValue] = [:]
        for name in Set(before.keys).union(after.keys) {
            switch (before[name], after[name]) {
            case (let one?, let other?) where one != other: (left[name], right[name]) = difference(one, other)
            case (let one?, nil): left[name] = one
            case (nil, let other?): right[name] = other
            default: break
            }
        }
        return (.object(left), .object(right))
    }
}
