package import Domain

/// One value that words are made with: it is formatted where it is told, in the recipient's language.
package enum NoticeValue: Sendable, Hashable {
    case text(String)
    /// In ten-thousandths.
    case money(Int, currency: String)
    case instant(Timestamp)
    case day(CivilDate)
    case percent(Int)
    case octets(Int64)
    case count(Int)
    case duration(seconds: Int)
    case url(String)

    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case text, money, instant, day, percent, octets, count, duration, url
    }

    package var kind: Kind {
        switch self {
        case .text: .text
        case .money: .money
        case .instant: .instant
        case .day: .day
        case .percent: .percent
        case .octets: .octets
        case .count: .count
        case .duration: .duration
        case .url: .url
        }
    }
}
