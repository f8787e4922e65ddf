/// Which form of a word a number takes (CLDR 44, cardinal rules for whole numbers).
package enum PluralCategory: String, Sendable, Hashable, CaseIterable {
    case zero, one, two, few, many, other

    /// Of a language that is not known here: as in English.
    package static func of(_ number: Int, language: String) -> PluralCategory {
        let count = number.magnitude
        switch NoticeLanguage(language) {
        case .english, .unknown: return count == 1 ? .one : .other
        case .french: return count <= 1 ? .one : count % 1_000_000 == 0 ? .many : .other
        case .indonesian: return .other
        case .arabic:
            switch (count, count % 100) {
            case (0, _): return .zero
            case (1, _): return .one
            case (2, _): return .two
            case (_, 3...10): return .few
            case (_, 11...99): return .many
            default: return .other
            }
        }
    }
}

/// The languages that values are written in; another one's get forms that no language owns, such as 2026-11-20.
enum NoticeLanguage: Sendable, Hashable {
    case english, french, indonesian, arabic, unknown

    init(_ tag: String) {
        self =
            switch tag.prefix(while: { $0 != "-" }) {
            case "en": .english
            case "fr": .french
            case "id": .indonesian
            case "ar": .arabic
            default: .unknown
            }
    }

    /// Of any language whose script runs so.
    static func isRightToLeft(_ tag: String) -> Bool {
        ["ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"].contains(tag.prefix { $0 != "-" })
    }
}
