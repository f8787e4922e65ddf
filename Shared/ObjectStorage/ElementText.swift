/// What stands in elements of S3's small XML answers. Not a reader of XML: the answers have no attributes that matter, no CDATA and
/// no two elements of one name where one is wanted.
enum ElementText {
    /// The text of the first element of that name, with the five entities of XML resolved; nil where there is none.
    static func first(_ name: String, in octets: [UInt8]) -> String? {
        let text = String(decoding: octets, as: UTF8.self)
        guard let start = text.utf8.firstRange(of: "<\(name)>".utf8) else { return nil }
        guard let end = text.utf8[start.upperBound...].firstRange(of: "</\(name)>".utf8) else { return nil }
        return resolved(String(text[start.upperBound..<end.lowerBound]))
    }

    /// The text as an element holds it.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.append(character)
            }
        }
        return escaped
    }

    private static let entities = [
        ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'"),
        // Last: what it makes must not be read again.
        ("&amp;", "&"),
    ]

    private static func resolved(_ text: String) -> String {
        entities.reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
}
