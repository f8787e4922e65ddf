extension Duration {
    /// Whole nanoseconds, rounded towards zero and clamped to what 64 bits hold (292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let scaled = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let sum = scaled.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard scaled.overflow || sum.overflow else { return sum.partialValue }
        return seconds < 0 ? .min : .max
    }

    /// Whole milliseconds, rounded towards zero.
    package var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }

    /// Seconds with fraction, for metrics and messages.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
