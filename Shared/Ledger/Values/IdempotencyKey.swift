/// What makes a command one command however often it is sent: 1 to 128 printable ASCII characters, unique for its tenant.
package struct IdempotencyKey: Hashable, Sendable, CustomStringConvertible {
    package static let maximumLength = 128

    package let text: String

    /// Nil unless the text has 1 to 128 octets from the space to `~`.
    package init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count), text.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { return nil }
        self.text = text
    }

    /// The one key under which a hold expires, whoever finds it due.
    package static func expiry(of hold: TransferID) -> IdempotencyKey {
        IdempotencyKey(known: "expire:\(hold)")
    }

    private init(known text: String) {
        self.text = text
    }

    package var description: String { text }
}
