package import Domain
import Postgres

/// What a NAS taught by what it acknowledged and refused, as it is stored.
package struct NASLesson: Hashable, Sendable {
    /// Such as `cannot-change:speed`: what the provisioner reads.
    package let text: String
    package let learnedAt: Timestamp

    package init(text: String, learnedAt: Timestamp) {
        self.text = text
        self.learnedAt = learnedAt
    }

    /// For people; the text itself where a later version learned something that is not known here.
    package var summary: String {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count > 1 ? parts[1] : nil) {
        case ("cannot-change", let kind?): return "It does not change \(Self.kind(kind)) within a session."
        case ("takes-no-change", nil): return "It takes no CoA-Request."
        case ("takes-no-disconnect", nil): return "It takes no Disconnect-Request."
        case ("proven", let set?): return "It finds sessions by \(Self.set(set))."
        case ("refused", let set?): return "It does not take \(Self.set(set)) for the name of a session."
        case ("knows-itself-otherwise", nil): return "It does not know itself by what it is named by."
        case ("wants-event-timestamp", nil): return "It wants Event-Timestamp."
        default: return text
        }
    }

    private static func kind(_ word: String) -> String {
        switch word {
        case "speed": "the speed"
        case "volume": "the volume limit"
        case "timeout": "the time limit"
        case "filter": "the filter"
        case "other": "other attributes"
        default: word
        }
    }

    private static func set(_ text: String) -> String { text.split(separator: "+").joined(separator: " and ") }
}

/// What the NASes of one scope taught. The provisioner learns; here it is looked at, and forgotten where somebody knows better.
package struct NASLessonRepository {
    private let transaction: ScopedTransaction

    /// Reads and forgets in that transaction.
    package init(_ transaction: ScopedTransaction) {
        self.transaction = transaction
    }

    /// What that NAS taught, by its text.
    package func list(of nas: NAS) async throws -> [NASLesson] {
        try await transaction.query(
            """
            SELECT lesson, learned_at FROM nas_capabilities WHERE tenant_id = $1 AND nas_id = $2 ORDER BY lesson COLLATE "C"
            """,
            [.id(nas.tenantID), .id(nas.id)]
        ).map { NASLesson(text: try $0.need("lesson", \.text), learnedAt: try $0.need("learned_at", \.time)) }
    }

    /// Forgets everything that NAS taught; returns what it was. The next order is carried out as if the NAS were new.
    package func forget(of nas: NAS) async throws -> [NASLesson] {
        try await transaction.query(
            "DELETE FROM nas_capabilities WHERE tenant_id = $1 AND nas_id = $2 RETURNING lesson, learned_at",
            [.id(nas.tenantID), .id(nas.id)]
        ).map { NASLesson(text: try $0.need("lesson", \.text), learnedAt: try $0.need("learned_at", \.time)) }
            .sorted { $0.text < $1.text }
    }
}
