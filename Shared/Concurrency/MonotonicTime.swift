extension Duration {
    /// As an interval of the monotonic clock in nanoseconds; a negative one is none.
    package var monotonic: UInt64 { UInt64(max(0, wholeNanoseconds)) }
}

extension UInt64 {
    /// That time of the monotonic clock, so much later; never past its end.
    package func later(by interval: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(interval)
        return overflow ? .max : sum
    }
}
