/// The octets that hashes and signatures are made of. They never change: a new form gets a new number and old entries keep
/// theirs. Every field stands behind its length, so that no two entries have the same octets.
enum AuditEncoding {
    private static let entryDomain = "nexora.audit.entry.1"
    private static let linkDomain = "nexora.audit.link.1"
    private static let checkpointDomain = "nexora.audit.checkpoint.1"

    /// The entry: fifteen fields in this order.
    static func entry(_ entry: AuditEntry) -> [UInt8] {
        var field = Fields(entryDomain)
        field.add(entry.tenantID.value.bytes)
        field.add(entry.id.value.bytes)
        field.add(number: entry.time.microseconds)
        field.add(number: Int64(entry.nanosecond))
        field.add(entry.origin.actor.kind.rawValue)
        field.add(entry.origin.actor.id.bytes)
        field.add(entry.origin.impersonator?.bytes)
        field.add(entry.origin.address.octets)
        field.add(entry.origin.userAgent)
        field.add(entry.origin.requestID)
        field.add(entry.action.name)
        field.add(entry.resource.type)
        field.add(entry.resource.id)
        field.add(entry.outcome.rawValue)
        field.add(entry.reason)
        field.add(entry.old?.canonicalJSON)
        field.add(entry.new?.canonicalJSON)
        return field.bytes
    }

    /// What a link of the chain is the hash of. The database makes the same octets (migrations/0012-audit), so they have no
    /// lengths: every part has a fixed one.
    static func link(previous: [UInt8], number: Int64, recordedAt: Timestamp, content: [UInt8]) -> [UInt8] {
        Array(linkDomain.utf8) + previous + bigEndian(number) + bigEndian(recordedAt.microseconds) + content
    }

    /// What a checkpoint's signature is of.
    static func checkpoint(_ checkpoint: AuditCheckpoint) -> [UInt8] {
        var field = Fields(checkpointDomain)
        field.add(checkpoint.tenantID.value.bytes)
        field.add(number: checkpoint.number)
        field.add(checkpoint.hash)
        field.add(number: checkpoint.recordedAt.microseconds)
        field.add(number: checkpoint.signedAt.microseconds)
        return field.bytes
    }

    static func bigEndian(_ number: Int64) -> [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> Int64($0)) }
    }

    /// Fields behind their lengths; one that is missing has length -1.
    private struct Fields {
        private(set) var bytes: [UInt8]

        init(_ domain: String) {
            bytes = []
            bytes.reserveCapacity(1_024)
            add(domain)
        }

        mutating func add(_ text: String?) {
            guard let text else { return add(length: .max) }
            add(length: UInt32(truncatingIfNeeded: text.utf8.count))
            bytes += text.utf8
        }

        mutating func add(number: Int64) { add(bigEndian(number)) }

        mutating func add(_ field: [UInt8]?) {
            guard let field else { return add(length: .max) }
            add(length: UInt32(truncatingIfNeeded: field.count))
            bytes += field
        }

        private mutating func add(length: UInt32) {
            bytes.append(UInt8(truncatingIfNeeded: length >> 24))
            bytes.append(UInt8(truncatingIfNeeded: length >> 16))
            bytes.append(UInt8(truncatingIfNeeded: length >> 8))
            bytes.append(UInt8(truncatingIfNeeded: length))
        }
    }
}
