import CPlatform

/// The machine's two clocks, each one vDSO call.
package enum SystemClock {
    /// Nanoseconds since an arbitrary point; never goes back. For intervals and deadlines.
    package static func monotonicNanoseconds() -> UInt64 { cp_monotonic_nanoseconds() }

    /// Microseconds since 1970-01-01T00:00:00Z by the wall clock, which may be stepped. For timestamps.
    package static func microsecondsSince1970() -> Int64 { cp_realtime_microseconds() }
}
