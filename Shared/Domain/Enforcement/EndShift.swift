/// That a session ends by itself at another time than it should: its service's end moved since that was granted. Pure.
///
/// A service that was renewed has sessions that their NAS ends at the old end, for nothing; one whose end came nearer has
/// sessions that go on too long, until they are thrown out. Only a session that was granted an end for its service's sake has
/// one that can move: what ends one for another reason, such as a quota, stays.
package struct EndShift: Hashable, Sendable {
    package let startedAt: Timestamp
    /// When it ends by itself.
    package let from: Timestamp
    /// When it should.
    package let to: Timestamp
    /// The nearer of the two is so near that somebody has to be told. Who is told of each renewal on its day is told of many
    /// that are over by then, or came back by a login.
    package let isDue: Bool

    /// What differs by less is the same: whole seconds, and clocks.
    package static let tolerance = Duration.seconds(60)
    /// A session is told this long before it matters.
    package static let horizon = Duration.seconds(3_600)
    /// No end cannot be said; this much is as good, and is said again when it comes near.
    package static let never = Duration.seconds(31_536_000)

    /// Of a session that began at `startedAt` and ends by itself at `end`; nil where that is when it should. A login of its
    /// service would let it go on until `wanted`; nil is for ever.
    package init?(of startedAt: Timestamp, endingAt end: Timestamp, wanted: Timestamp?, at now: Timestamp) {
        let wanted = wanted ?? max(end, now + Self.never)
        guard abs(wanted.microseconds(since: end)) > Self.tolerance.wholeMicroseconds, wanted > now else { return nil }
        self.startedAt = startedAt
        from = end
        to = wanted
        isDue = min(end, wanted) < now + Self.horizon
    }

    /// Whether the session is to go on longer.
    package var isLater: Bool { to > from }
}
