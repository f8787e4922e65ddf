extension SpeedWindow {
    private static let minutesOfDay = 1_440
    private static let minutesOfWeek = 7 * minutesOfDay

    /// The minutes of a week that it has, from Monday's midnight, as the clocks show them.
    private var spans: [Range<Int>] {
        let length = end > start ? end - start : end + Self.minutesOfDay - start
        return (0..<7).filter { days.contains(Weekdays(rawValue: 1 << UInt8($0))) }.flatMap { day -> [Range<Int>] in
            let first = day * Self.minutesOfDay + start
            let last = first + length
            guard last > Self.minutesOfWeek else { return [first..<last] }
            return [first..<Self.minutesOfWeek, 0..<last - Self.minutesOfWeek]
        }
    }

    /// The first two windows, by their places, that have a minute of the week in common; nil where none have.
    package static func overlap(in windows: [SpeedWindow]) -> (first: Int, second: Int)? {
        let spans = windows.enumerated().flatMap { place, window in window.spans.map { (place, $0) } }
            .sorted { $0.1.lowerBound < $1.1.lowerBound }
        for (left, right) in zip(spans, spans.dropFirst()) where left.1.upperBound > right.1.lowerBound {
            return (min(left.0, right.0), max(left.0, right.0))
        }
        return nil
    }

    /// `18:00`: a minute of the day as a clock shows it.
    package static func clock(_ minute: Int) -> String {
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
        return two(minute / 60) + ":" + two(minute % 60)
    }

    /// The minute of the day of `18:00`; `24:00` is midnight, 0. Nil for anything else.
    package static func minute(ofClock text: some StringProtocol) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), minutes < 60,
            hours * 60 + minutes <= minutesOfDay
        else { return nil }
        return (hours * 60 + minutes) % minutesOfDay
    }
}
