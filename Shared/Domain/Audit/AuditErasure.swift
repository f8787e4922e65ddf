/// How personal data leaves the trail without breaking it (SEC-09, F-20).
///
/// An entry's link is of the hash of its content, not of the content: taking values out leaves every link as it was. What is left
/// of the entry is hashed anew, and an entry of action `erase` further along the chain holds that hash by the entry's number. So
/// the chain proves where values were taken out, by whom and when, and that nothing else about those entries was changed.
package enum AuditErasure {
    /// What stands in place of a value.
    package static let mark = AuditValue.text("[erased]")
    /// Entries that one entry vouches for: its values stay below ``AuditRedaction/maximumOctets``.
    package static let most = 250

    private static let member = "audit_entries"

    /// What is left of an entry: which thing, what was done, by whom, when and how it ended, the names of members, and of values
    /// those that name nobody. Of an act of one of `people`, of a subscriber and of nobody known, also whence goes. `id` takes the entry's id's
    /// place: the old one's random bits are in the hash of the content, so that nobody who guesses the values can prove them.
    package static func redacted(
        _ entry: AuditEntry,
        as id: AuditEntryID,
        actsOf people: Set<UUID128> = []
    ) -> AuditEntry {
        var origin = entry.origin
        let actors = [origin.actor.id] + (origin.impersonator.map { [$0] } ?? [])
        if origin.actor.kind == .subscriber || origin.actor.kind == .anonymous || !people.isDisjoint(with: actors) {
            origin.address = IPAddress(ipv4: 0)
            origin.userAgent = nil
        }
        return AuditEntry(
            stored: id,
            tenantID: entry.tenantID,
            origin: origin,
            action: entry.action,
            resource: entry.resource,
            outcome: entry.outcome,
            reason: entry.reason == nil ? nil : "[erased]",
            old: entry.old.map(redacted),
            new: entry.new.map(redacted),
            time: entry.time,
            nanosecond: entry.nanosecond
        )
    }

    /// The values of an entry that vouches for what was left of others: hashes by number, at most ``most``.
    package static func vouching(for left: [Int64: [UInt8]]) -> AuditValue {
        let hashes = left.map { (String($0.key), AuditValue.text(hexadecimal($0.value))) }
        return [member: .object(Dictionary(hashes, uniquingKeysWith: { first, _ in first }))]
    }

    /// What an entry vouches for; nothing unless its action is `erase`.
    package static func vouched(by entry: AuditEntry) -> [Int64: [UInt8]] {
        guard entry.action == .erase, case .object(let members)? = entry.new,
            case .object(let hashes)? = members[member]
        else { return [:] }
        var left: [Int64: [UInt8]] = [:]
        for (number, hash) in hashes {
            // What cannot be read vouches for nothing.
            guard let number = Int64(number), case .text(let text) = hash, let octets = octets(text) else { continue }
            left[number] = octets
        }
        return left
    }

    /// Members whose values are about a thing and not about whose it is: everything else is taken out.
    private static let impersonal: Set<String> = [
        "id", "tenant_id", "customer_id", "service_id", "plan_id", "nas_id", "user_id", "pool_id", "operation_id",
        "status",
        "state", "kind", "version", "is_active", "has_totp", "installation_status", "session_limit", "expires_at",
        "created_at", "updated_at", "deleted_at", "rotated_at", "revealed_at", "started_at", "ended_at", "closed_by",
        "terminate_cause", "session_seconds", "input_octets", "output_octets", "reopened", "amended",
    ]

    private static func redacted(_ value: AuditValue) -> AuditValue {
        switch value {
        case .null: .null
        case .bool, .integer, .text, .list: mark
        case .object(let members):
            .object(
                Dictionary(
                    members.map { name, member in (name, kept(name, member) ?? redacted(member)) },
                    uniquingKeysWith: { first, _ in first }
                )
            )
        }
    }

    /// A single value that names nobody; nil for any other.
    private static func kept(_ name: String, _ member: AuditValue) -> AuditValue? {
        switch member {
        case .list, .object: nil
        case .null, .bool, .integer, .text: impersonal.contains(name) || member == AuditRedaction.mark ? member : nil
        }
    }

    private static func hexadecimal(_ octets: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: octets.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func octets(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0 else { return nil }
        var octets: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let octet = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                return nil
            }
            octets.append(octet)
        }
        return octets
    }
}
