/// The name of an object in its bucket: segments of letters, digits, `-`, `_` and `.`, with slashes between.
///
/// S3 allows more; names that are made by programs need no more, and these mean the same in every store and URL.
package struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Nil for what is none: empty, over 1024 octets, an empty segment or one of dots alone.
    package init?(_ text: String) {
        guard (1...1_024).contains(text.utf8.count) else { return nil }
        for segment in text.split(separator: "/", omittingEmptySubsequences: false) {
            guard !segment.isEmpty, segment != ".", segment != "..",
                segment.utf8.allSatisfy({ octet in
                    switch octet {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                    default: false
                    }
                })
            else { return nil }
        }
        self.text = text
    }

    package var description: String { text }
}
