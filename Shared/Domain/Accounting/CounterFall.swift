/// The newest place in a session where a counter fell, between two of its reports: what lets a report that comes late, from
/// in between, still count what it knows.
///
/// Without it a report from before a fall that is folded after one from behind it would be taken for an old value of a
/// counter that only grew. Only the newest fall of a session is remembered.
package struct CounterFall: Hashable, Sendable {
    /// What one report said.
    package struct Reading: Hashable, Sendable {
        /// The session's age in seconds.
        package var seconds: Int64
        /// The NAS's own counter.
        package var input: Int64
        /// The NAS's own counter.
        package var output: Int64

        package init(seconds: Int64, input: Int64, output: Int64) {
            self.seconds = seconds
            self.input = input
            self.output = output
        }
    }

    /// The last report known from before the fall.
    package var before: Reading
    /// The first report known from behind it.
    package var after: Reading
    /// Whether the counters began again at zero; else they wrapped at 2^32.
    package var isReset: Bool

    package init(before: Reading, after: Reading, isReset: Bool) {
        self.before = before
        self.after = after
        self.isReset = isReset
    }

    /// What a report from in between adds, and the fall as it is known with it.
    ///
    /// Both are what counting all three in their order would have given; never less than zero.
    func inserting(_ late: Reading) -> (input: Int64, output: Int64, fall: CounterFall) {
        let input = added(before.input, late.input, after.input)
        let output = added(before.output, late.output, after.output)
        let fellBehind = after.input < late.input || after.output < late.output
        let fall = CounterFall(
            before: fellBehind ? late : before,
            after: fellBehind ? after : late,
            isReset: isReset
        )
        return (input, output, fall)
    }

    private func added(_ before: Int64, _ late: Int64, _ after: Int64) -> Int64 {
        let (sum, overflow) = counted(before, late).addingReportingOverflow(counted(late, after))
        return max(0, (overflow ? .max : sum) - counted(before, after))
    }

    private func counted(_ previous: Int64, _ raw: Int64) -> Int64 {
        OctetCounter.step(from: previous, to: raw, later: true, mayWrap: !isReset).added
    }
}
