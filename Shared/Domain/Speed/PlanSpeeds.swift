/// Which of a plan's speeds holds when: what an answer to a login is made of, and what a session ought to have. Pure.
package struct PlanSpeeds: Hashable, Sendable {
    /// What is left to somebody who used a quota up.
    package struct Throttle: Hashable, Sendable {
        /// The quota's place in its plan, from 1.
        package var position: UInt8
        package var profile: SpeedProfile

        package init(position: UInt8, profile: SpeedProfile) {
            self.position = position
            self.profile = profile
        }

        /// The quota's rate, with the precedence that the plan has outside of all windows; no burst, no guarantee.
        package init(position: UInt8, rate: SpeedPair, of base: SpeedProfile) {
            self.init(position: position, profile: SpeedProfile(rate: rate, priority: base.priority))
        }
    }

    /// All that may hold: the one outside of all windows, then each window's, then each throttle's.
    package let profiles: [SpeedProfile]
    /// The hours; nil where there are none.
    package let schedule: SpeedSchedule?
    /// The throttles' positions; their profiles stand behind those of the windows.
    private let throttles: [UInt8]
    /// Where the first throttle's profile stands.
    private let firstThrottle: Int

    /// `zone` is the tenant's; without one no window holds, and none is kept.
    package init(
        base: SpeedProfile,
        windows: [SpeedWindow] = [],
        zone: TimeZoneRules? = .utc,
        throttles: [Throttle] = []
    ) {
        let windows = zone == nil ? [] : windows
        schedule =
            windows.isEmpty ? nil : zone.map { SpeedSchedule(base: base, windows: windows, zone: $0) }
        profiles = [base] + windows.map(\.profile) + throttles.map(\.profile)
        self.throttles = throttles.map(\.position)
        firstThrottle = 1 + windows.count
    }

    /// Those that hold without a throttle.
    package var unthrottled: ArraySlice<SpeedProfile> { profiles[..<firstThrottle] }

    /// The place in ``profiles`` of the one that holds. A throttle goes before all windows; 0 is none, and one that the plan
    /// does not know counts as none. Allocates nothing.
    package func place(at time: Timestamp, throttle: UInt8) -> Int {
        if throttle != 0, let place = throttles.firstIndex(of: throttle) { return firstThrottle + place }
        return schedule?.window(at: time).map { $0 + 1 } ?? 0
    }

    /// The one that holds. Allocates nothing.
    package func profile(at time: Timestamp, throttle: UInt8) -> SpeedProfile {
        profiles[place(at: time, throttle: throttle)]
    }

    /// The first instant after this one at which another window holds, or none does; nil when it stays as it is, as it does
    /// under a throttle. See ``SpeedSchedule/nextEdge(after:)``.
    package func nextChange(after time: Timestamp, throttle: UInt8 = 0) -> Timestamp? {
        guard throttle == 0 || !throttles.contains(throttle) else { return nil }
        return schedule?.nextEdge(after: time)
    }
}
