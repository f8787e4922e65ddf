/// A value that must not be shown: its description and its mirror say `<redacted>`.
package struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: Value

    /// Wraps `value`.
    package init(_ value: Value) { self.value = value }

    /// The value itself, for the one place that needs it. Search for this name to review where secrets go.
    package var revealed: Value { value }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// One or more URLs, separated by commas, as configuration holds them.
enum URLText {
    /// The single URLs. A comma that no scheme follows belongs to its URL: libpq lists hosts like that.
    static func split(_ text: String) -> [String] {
        var parts: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if parts.isEmpty || part.contains("://") {
                parts.append(String(part))
            } else {
                parts[parts.count - 1] += "," + part
            }
        }
        return parts
    }

    /// As it may be shown: without passwords, and without what stands behind `?`.
    static func redacted(_ text: String) -> String {
        split(text).map { redactedOne($0) }.joined(separator: ",")
    }

    private static func redactedOne(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "<redacted>" }
        var shown = String(url[..<scheme.upperBound])
        var rest = url[scheme.upperBound...]
        // The last @ of all ends the user's part: an unescaped @ or ? in a password must not show its tail.
        if let at = rest.lastIndex(of: "@") {
            let user = rest[..<at]
            // Without a colon a NATS URL's user part is a token.
            shown += user.contains(":") ? user.prefix { $0 != ":" } + ":***@" : "***@"
            rest = rest[rest.index(after: at)...]
        }
        shown += rest.prefix { $0 != "?" }
        return url.contains("?") ? shown + "?..." : shown
    }
}

extension String {
    /// Where `pattern` first stands.
    fileprivate func firstRange(of pattern: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(pattern) { return start..<index(start, offsetBy: pattern.count) }
            start = index(after: start)
        }
        return nil
    }
}
