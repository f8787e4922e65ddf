/// Follows the markup of a template and says where in it one stands.
///
/// It knows the few elements and attributes that mail is made of, all attributes quoted, and refuses everything else. So what a mail
/// program or a browser reads is what was read here, and a value that is escaped for its place cannot leave it.
struct MarkupScanner: Equatable {
    enum Place: Equatable {
        case text
        /// Right behind `<`.
        case opening
        case elementName(String, isEnd: Bool)
        /// Within a tag, where attributes may follow.
        case between(isEnd: Bool)
        case attributeName(String)
        case beforeEquals(String)
        case beforeQuote(String)
        case value(String, quote: UInt8)
    }

    private static let elements: Set = [
        "a", "b", "blockquote", "br", "center", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "img", "li",
        "ol",
        "p", "pre", "s", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
        "u", "ul",
    ]
    private static let attributes: Set = [
        "align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan", "dir", "height",
        "href", "lang", "rel", "role", "rowspan", "src", "style", "target", "title", "valign", "width",
    ]
    private static let addresses: Set = ["href", "src"]
    private static let schemes = ["https://", "http://", "mailto:", "tel:", "cid:", "#"]
    /// What could load or run something from within a style.
    private static let forbiddenInStyles = ["url", "expression", "import", "behavior", "binding", "\\", "/*", "&"]

    private(set) var place = Place.text
    /// How the address began, or the style so far.
    private var written = ""

    /// Follows the literal; on a problem says after how many lines of it.
    mutating func read(_ text: String) throws(MarkupProblem) {
        var lines = 0
        for octet in text.utf8 {
            if octet == 0x0a { lines += 1 }
            if let problem = take(octet) { throw MarkupProblem(lines: lines, problem: problem) }
        }
    }

    /// How a value is written that stands here; nil where none may.
    mutating func placeOfValue(isURL: Bool) -> TemplateNode.Place? {
        switch place {
        case .text: return .markup
        case .value(let name, _) where Self.addresses.contains(name):
            if written.isEmpty {
                guard isURL else { return nil }
                written = "https://"
                return .address
            }
            return Self.schemes.contains { written.hasPrefix($0) } ? .addressPart : nil
        case .value(let name, _): return name == "style" ? nil : .attribute
        default: return nil
        }
    }

    /// Whether a section may begin or end here.
    var takesSections: Bool {
        switch place {
        case .text, .between(isEnd: false): true
        case .value(let name, _): name != "style"
        default: false
        }
    }

    private mutating func take(_ octet: UInt8) -> TemplateError.Problem? {
        let isBlank = octet == 0x20 || octet == 0x0a || octet == 0x09
        switch place {
        case .text:
            if octet == UInt8(ascii: "<") { place = .opening }
        case .opening:
            if octet == UInt8(ascii: "/") { place = .elementName("", isEnd: true); return nil }
            guard let letter = Self.letter(octet) else { return .malformedMarkup }
            place = .elementName(letter, isEnd: false)
        case .elementName(let name, let isEnd):
            if let letter = Self.letter(octet), name.utf8.count < 20 {
                place = .elementName(name + letter, isEnd: isEnd); return nil
            }
            guard Self.elements.contains(name) else { return .forbiddenMarkup("<\(name)>") }
            return leaveName(octet, isBlank, isEnd: isEnd)
        case .between(let isEnd): return leaveName(octet, isBlank, isEnd: isEnd)
        case .attributeName(let name):
            if let letter = Self.letter(octet), name.utf8.count < 20 {
                place = .attributeName(name + letter); return nil
            }
            guard Self.attributes.contains(name) else { return .forbiddenMarkup("the attribute \(name)") }
            return leaveAttributeName(name, octet, isBlank)
        case .beforeEquals(let name): return leaveAttributeName(name, octet, isBlank)
        case .beforeQuote(let name):
            guard octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "'") else {
                return isBlank ? nil : .malformedMarkup
            }
            place = .value(name, quote: octet)
            written = ""
        case .value(let name, let quote): return takeValue(octet, name, quote)
        }
        return nil
    }

    private mutating func leaveName(_ octet: UInt8, _ isBlank: Bool, isEnd: Bool) -> TemplateError.Problem? {
        if octet == UInt8(ascii: ">") {
            place = .text
        } else if isBlank || octet == UInt8(ascii: "/") && !isEnd {
            place = .between(isEnd: isEnd)
        } else if !isEnd, case .between = place, let letter = Self.letter(octet) {
            place = .attributeName(letter)
        } else {
            return .malformedMarkup
        }
        return nil
    }

    private mutating func leaveAttributeName(_ name: String, _ octet: UInt8, _ isBlank: Bool) -> TemplateError.Problem?
    {
        if octet == UInt8(ascii: "=") {
            place = .beforeQuote(name)
        } else if isBlank {
            place = .beforeEquals(name)
        } else {
            return .malformedMarkup
        }
        return nil
    }

    private mutating func takeValue(_ octet: UInt8, _ name: String, _ quote: UInt8) -> TemplateError.Problem? {
        guard octet == quote else {
            if Self.addresses.contains(name), written.utf8.count < 12 || name == "style" {
                written.unicodeScalars.append(Unicode.Scalar(Self.small(octet)))
            } else if name == "style" {
                written.unicodeScalars.append(Unicode.Scalar(Self.small(octet)))
            }
            return nil
        }
        if Self.addresses.contains(name), !Self.schemes.contains(where: { written.hasPrefix($0) }) {
            return .forbiddenMarkup("an address that begins neither with https:// nor with a variable")
        }
        if name == "style", Self.forbiddenInStyles.contains(where: { written.contains($0) }) {
            return .forbiddenMarkup("a style that loads something")
        }
        written = ""
        place = .between(isEnd: false)
        return nil
    }

    /// A letter or digit, small.
    private static func letter(_ octet: UInt8) -> String? {
        let small = small(octet)
        guard (0x61...0x7a).contains(small) || (0x30...0x39).contains(small) else { return nil }
        return String(Unicode.Scalar(small))
    }

    private static func small(_ octet: UInt8) -> UInt8 { (0x41...0x5a).contains(octet) ? octet | 0x20 : octet }
}

/// What is wrong with markup, and after how many lines of the literal.
struct MarkupProblem: Error {
    var lines: Int
    var problem: TemplateError.Problem
}
