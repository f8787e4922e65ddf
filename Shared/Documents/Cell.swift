/// One value of a table.
package enum Cell: Sendable, Equatable {
    case empty
    /// Never a formula, whatever it begins with.
    case text(String)
    case integer(Int64)
    case real(Double)
    case flag(Bool)
    /// Microseconds since 1970, UTC, and the same as a text.
    case time(microseconds: Int64, text: String)

    /// As somebody reads it on paper.
    var printed: String {
        switch self {
        case .empty: ""
        case .text(let text): text
        case .integer(let number): String(number)
        case .real(let number): number.description
        case .flag(let flag): flag ? "true" : "false"
        case .time(_, let text): text
        }
    }
}

extension String {
    /// With U+FFFD in place of each character that XML 1.0 §2.2 does not know, and of NUL, which ends a text in C.
    var withoutControls: String {
        func isStrange(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0x09, 0x0a, 0x0d: false
            case ..<0x20, 0xfffe, 0xffff: true
            default: false
            }
        }
        guard unicodeScalars.contains(where: isStrange) else { return self }
        var clean = String.UnicodeScalarView()
        for scalar in unicodeScalars { clean.append(isStrange(scalar) ? "\u{fffd}" : scalar) }
        return String(clean)
    }

    /// Itself, or where it is longer so many UTF-16 units of it with an ellipsis as the last; whole characters alone.
    func cut(to limit: Int) -> String {
        guard utf8.count > limit, utf16.count > limit else { return self }
        var kept = ""
        var count = 1
        for character in self {
            count += character.utf16.count
            guard count <= limit else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
