/// Builds Prometheus' text exposition format 0.0.4.
struct MetricText {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(16_384) }

    mutating func header(_ identity: MetricIdentity) {
        append("# HELP ")
        append(identity.name)
        append(" ")
        append(Self.escaped(identity.help, quotes: false))
        append("\n# TYPE ")
        append(identity.name)
        append(" ")
        append(identity.kind.rawValue)
        append("\n")
    }

    /// One sample; `labels` is what `labelText` made, `bound` adds a histogram's `le`.
    mutating func sample(_ name: String, suffix: String = "", labels: String, bound: String? = nil, _ value: String) {
        append(name)
        append(suffix)
        if !labels.isEmpty || bound != nil {
            append("{")
            append(labels)
            if let bound {
                if !labels.isEmpty { append(",") }
                append("le=\"")
                append(bound)
                append("\"")
            }
            append("}")
        }
        append(" ")
        append(value)
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// `name="value",...` with the values escaped.
    static func labelText(_ names: [String], _ values: [String]) -> String {
        zip(names, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }.joined(separator: ",")
    }

    /// A number as Prometheus reads it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { String($0) } ?? value.description
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
