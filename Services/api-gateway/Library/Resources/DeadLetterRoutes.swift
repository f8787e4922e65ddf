import Domain
import HTTPServer
import Persistence

extension Resource where Row == BuriedMessage {
    static let deadLetters = Resource(
        .deadLetters,
        path: "/api/v1/dead-letters",
        noun: ("DeadLetter", "DeadLetters"),
        tag: "dead letters",
        auditType: "dead_letter",
        read: .deadLettersRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: [
            "stream": .text(), "consumer": .text(), "subject": .text(), "message_id": .text(), "reason": .text(),
            "payload": .text(), "failed_at": .time,
        ],
        recordedReads: .all
    ) { transaction, id, _ in try await DeadLetterRepository(transaction).find(id) }
}

/// Messages that failed for their own sake: looked at, and sent again (G-05).
struct DeadLetterRoutes {
    private let parts: Parts
    private let letters = Resource<BuriedMessage>.deadLetters

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try letters.reading(parts) + [replay()] } }

    private func replay() throws -> GatewayRoute {
        try letters.action(
            parts,
            "replay",
            operationID: "replayDeadLetter",
            .deadLettersReplay,
            "Sends a message again to where it came from; whoever receives it writes it once, however often it is sent.",
            first: { letter, caller in
                // The id is that of this replay of the letter, so that two at the same time, and one that broke off before it was
                // marked and is repeated, are one message; the letter's own would be dropped as a duplicate while the first one is
                // remembered.
                let messageID = "replay-\(letter.id)-\(letter.replayedAt?.microseconds ?? 0)"
                try await parts.recordRead(
                    caller,
                    .update,
                    AuditResource(letters.auditType, letter.id),
                    of: letter.tenantID,
                    detail: ["replay_as": .text(messageID), "subject": .text(letter.subject)]
                )
                // No transaction is open while NATS is waited for.
                try await parts.messages.publish(
                    Array(letter.payload.utf8),
                    subject: letter.subject,
                    messageID: messageID
                )
            }
        ) { letter, work in
            let letters = DeadLetterRepository(work.transaction)
            guard let locked = try await letters.find(letter.id, forUpdate: true) else { throw Problem.notFound }
            try await letters.markReplayed(locked)
            return Change(before: locked, after: try await letters.find(letter.id))
        }
    }
}
