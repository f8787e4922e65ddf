import Domain
import Events
import Sockets

/// What each NAS sent, by day, on its way to the event stream: what changed since it was told last is told again, as the sum
/// of the day, so that nothing is lost where a telling is. Confined to the task that tells.
struct PostureBook {
    fileprivate struct Page {
        let day: CivilDate
        /// The counts when the day began.
        let base: [UInt64]
        var told: [UInt64]
        let since: Int64
    }

    /// The server's start.
    let runID: UUID128
    private var pages: [UUID128: Page] = [:]

    init(runID: UUID128) { self.runID = runID }

    /// Hands what is to be told now to `tell`, which says whether it was. `secrets` knows the lengths of the NASes' secrets.
    mutating func turn(
        _ lives: [NASLive],
        now: Timestamp,
        secretOctets: (UUID128) -> Int?,
        tell: (TenantID, NASPostureSeen) -> Bool
    ) {
        let today = now.day
        var kept: [UUID128: Page] = [:]
        for live in lives {
            let sighting = live.sighted
            let counts = live.counts.values
            var page =
                pages[live.id]
                ?? Page(
                    day: today,
                    base: [UInt64](repeating: 0, count: counts.count),
                    told: [UInt64](repeating: 0, count: counts.count),
                    since: sighting.first ?? now.microseconds
                )
            if let event = page.event(live, counts, sighting, runID, now, secretOctets(live.id) ?? 0) {
                guard tell(TenantID(live.tenant), event) else {
                    kept[live.id] = page
                    continue
                }
                page.told = counts
            }
            if page.day != today {
                page = Page(day: today, base: counts, told: counts, since: now.microseconds)
            }
            kept[live.id] = page
        }
        pages = kept
    }
}

extension PostureBook.Page {
    /// Nil where nothing that a posture is made of changed.
    fileprivate func event(
        _ live: NASLive,
        _ counts: [UInt64],
        _ sighting: NASLive.Sighting,
        _ runID: UUID128,
        _ now: Timestamp,
        _ secretOctets: Int
    ) -> NASPostureSeen? {
        let first = NASCount.logins.rawValue
        guard counts[first...] != told[first...] else { return nil }
        var posture = NASPosture()
        for (count, path) in Self.paths { posture[keyPath: path] = counts[count.rawValue] &- base[count.rawValue] }
        return NASPostureSeen(
            nasID: NASID(live.id),
            day: day.description,
            runID: runID,
            posture: posture,
            firstSeenAt: Timestamp(microseconds: since),
            lastSeenAt: Timestamp(microseconds: sighting.first == nil ? now.microseconds : sighting.last),
            sourceAddress: sighting.first == nil ? "" : sighting.source.addressText,
            secretOctets: UInt32(clamping: secretOctets)
        )
    }

    private static let paths: [(NASCount, any WritableKeyPath<NASPosture, UInt64> & Sendable)] = [
        (.logins, \.logins), (.signed, \.signed), (.proxied, \.proxied), (.proxiedUnsigned, \.proxiedUnsigned),
        (.pap, \.pap), (.chap, \.chap), (.mschap, \.mschap), (.eap, \.eap), (.refusedUnsigned, \.refusedUnsigned),
        (.refusedProxied, \.refusedProxied), (.reports, \.reports), (.timestamped, \.timestamped),
    ]
}
