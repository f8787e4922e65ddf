/// The name of a header field: a token, compared without regard to case (RFC 9110 §5.1).
package struct HeaderName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// In lower case.
    package let text: String

    /// The field of that name; nil where it is no token.
    package init?(_ name: String) {
        switch Token.shape(of: name) {
        case .none: return nil
        // Names in the source are looked up with every request and are in lower case already.
        case .lower: text = name
        case .mixed: text = String(decoding: name.utf8.map { Token.lowercased($0) }, as: UTF8.self)
        }
    }

    /// A name in the source; traps where it is no token.
    package init(stringLiteral name: String) {
        guard let made = HeaderName(name) else { preconditionFailure("no field name: \(name)") }
        self = made
    }

    package var description: String { text }
}

/// The value of a response's header field: it holds no control character, so nothing can be smuggled behind it.
package struct HeaderValue: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let text: String

    /// That value; nil where it holds a control character (a line feed, a NUL, a tab).
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        self.text = text
    }

    /// A value in the source; traps where it holds a control character.
    package init(stringLiteral text: String) {
        guard let made = HeaderValue(text) else { preconditionFailure("a control character in a field's value") }
        self = made
    }

    /// A number.
    package init(_ number: Int) { text = String(number) }

    /// The text with every control character left out: for what came from outside and may be shown shortened.
    package init(withoutControls text: String) {
        // What we made ourselves has none, and stays as it is.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            self.text = text
            return
        }
        self.text = String(decoding: text.utf8.filter { $0 >= 0x20 && $0 != 0x7F }, as: UTF8.self)
    }

    package var description: String { text }
}

/// The header fields of a response, in the order in which they were set.
package struct ResponseHeaders: Sendable, Equatable {
    private(set) var fields: [(name: HeaderName, value: HeaderValue)] = []

    package init() {}

    /// The first value of a field. Setting replaces all of its values; nil removes them.
    package subscript(name: HeaderName) -> HeaderValue? {
        get { fields.first { $0.name == name }?.value }
        set {
            if fields.contains(where: { $0.name == name }) { fields.removeAll { $0.name == name } }
            if let newValue { add(name, newValue) }
        }
    }

    /// Adds one more value of a field, such as `Set-Cookie`.
    package mutating func add(_ name: HeaderName, _ value: HeaderValue) {
        // As many as an answer usually has, at once.
        if fields.isEmpty { fields.reserveCapacity(20) }
        fields.append((name, value))
    }

    /// Adds `token` to the list in `Vary` unless it stands there.
    package mutating func vary(_ token: HeaderValue) {
        guard let present = self["vary"] else { return self["vary"] = token }
        let known = present.text.split(separator: ",").map { $0.trimmed.lowercased() }
        guard !known.contains(token.text.lowercased()), !known.contains("*") else { return }
        self["vary"] = HeaderValue("\(present.text), \(token.text)")
    }

    package static func == (left: ResponseHeaders, right: ResponseHeaders) -> Bool {
        left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at both ends (OWS of RFC 9110 §5.6.3).
    var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
