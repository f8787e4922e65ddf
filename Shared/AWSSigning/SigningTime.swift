import Domain

/// A second as signatures write it: `20130524T000000Z`.
package struct SigningTime: Sendable, Equatable {
    /// `20130524`.
    package let day: String
    /// The whole.
    package let text: String

    /// Years 1 to 9999.
    package init(secondsSince1970 seconds: Int64) {
        // RFC 3339 to the second, without what separates its parts.
        let written = Timestamp(microseconds: seconds * 1_000_000).description.prefix(19)
        text = written.filter { $0 != "-" && $0 != ":" } + "Z"
        day = String(text.prefix(8))
    }
}
