/// The header fields of a request: names are tokens, values hold no control character but tabs.
package struct RequestHeaders: Sendable {
    struct Field: Sendable {
        let name: Range<Int32>
        let value: Range<Int32>
    }

    /// The head as it came, names in lower case; the fields point into it.
    private let octets: [UInt8]
    private let fields: [Field]

    init(octets: [UInt8], fields: [Field]) {
        self.octets = octets
        self.fields = fields
    }

    /// Fields made at hand, for handlers under test; names and values must be what a request may hold.
    package init(_ pairs: [(HeaderName, String)] = []) {
        var octets: [UInt8] = []
        var fields: [Field] = []
        for (name, value) in pairs {
            precondition(value.utf8.allSatisfy { Token.isFieldValue($0) }, "a control character in a field's value")
            let start = Int32(octets.count)
            octets += name.text.utf8
            let middle = Int32(octets.count)
            octets += value.utf8
            fields.append(Field(name: start..<middle, value: middle..<Int32(octets.count)))
        }
        self.init(octets: octets, fields: fields)
    }

    /// How many field lines there are.
    package var count: Int { fields.count }

    /// The first value of a field, without the white space around it; nil where the field is absent.
    /// Octets that are no UTF-8 are shown as U+FFFD.
    package subscript(name: HeaderName) -> String? {
        for field in fields where matches(field, name) { return text(field.value) }
        return nil
    }

    /// All values of a field, one per line of it.
    package func values(_ name: HeaderName) -> [String] {
        var values: [String] = []
        for field in fields where matches(field, name) { values.append(text(field.value)) }
        return values
    }

    /// The elements of a field whose value is a comma-separated list, over all of its lines; empty ones are left out.
    /// For fields without quoted strings.
    package func list(_ name: HeaderName) -> [String] {
        let values = values(name)
        guard !values.isEmpty else { return [] }
        return values.flatMap { $0.split(separator: ",").map(\.trimmed) }.filter { !$0.isEmpty }
    }

    /// The first cookie of that name (RFC 6265 §5.4); nil where there is none.
    package func cookie(_ name: String) -> String? {
        for line in values("cookie") {
            for pair in line.split(separator: ";") {
                guard let equals = pair.firstIndex(of: "="), pair[..<equals].trimmed == name else { continue }
                return pair[pair.index(after: equals)...].trimmed
            }
        }
        return nil
    }

    /// Every line, names in lower case.
    package var all: [(name: String, value: String)] { fields.map { (text($0.name), text($0.value)) } }

    /// How many lines a field has.
    package func number(of name: HeaderName) -> Int { fields.count { matches($0, name) } }

    private func matches(_ field: Field, _ name: HeaderName) -> Bool {
        field.name.count == name.text.utf8.count
            && name.text.utf8.elementsEqual(octets[Int(field.name.lowerBound)..<Int(field.name.upperBound)])
    }

    private func text(_ range: Range<Int32>) -> String {
        String(decoding: octets[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
    }
}
