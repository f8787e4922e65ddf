import Concurrency
import SharedTesting
import Testing

@Suite struct TimeTests {
    @Test func `Work within its deadline returns its value`() async throws {
        #expect(try await withDeadline(.seconds(60)) { 5 } == 5)
    }

    @Test func `Work beyond its deadline is cancelled`() async throws {
        await #expect(throws: DeadlineExceeded(limit: .milliseconds(1))) {
            try await withDeadline(.milliseconds(1)) { try await pause(for: .seconds(3_600)) }
        }
    }

    @Test func `An error of the work itself passes through`() async throws {
        await #expect(throws: SystemError.self) { try await withDeadline(.seconds(60)) { throw SystemError("x", 1) } }
    }

    @Test func `Deadlines give poll timeouts that never wake early`() {
        #expect(Deadline.never.pollTimeout == -1)
        #expect(!Deadline.never.hasPassed)
        #expect(Deadline.after(.zero).pollTimeout == 0)
        #expect(Deadline.after(.seconds(-5)).remaining == .zero)
        let hour = Deadline.after(.seconds(3_600))
        #expect((3_500_000...3_600_000).contains(hour.pollTimeout))
        #expect(Deadline.after(.nanoseconds(Int64.max)) > hour)
    }

    @Test func `Backoff grows to its maximum, shrinks by jitter and begins again`() {
        var plain = Backoff(initial: .seconds(1), multiplier: 2, maximum: .seconds(5), jitter: 0)
        #expect((0..<5).map { _ in plain.next() } == [1, 2, 4, 5, 5].map { Duration.seconds($0) })
        plain.reset()
        #expect(plain.next() == .seconds(1))
        var jittered = Backoff(initial: .seconds(4), maximum: .seconds(4), jitter: 0.5) { 0.5 }
        #expect(jittered.next() == .seconds(3))
    }

    @Test func `Durations convert without overflow`() {
        #expect(Duration.milliseconds(1_500).wholeNanoseconds == 1_500_000_000)
        #expect(Duration.seconds(Int64.max).wholeNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
        #expect(Duration.microseconds(-1_500).wholeMilliseconds == -1)
        #expect(Duration.milliseconds(250).inSeconds == 0.25)
        #expect(SystemClock.microsecondsSince1970() > 1_700_000_000_000_000)
    }
}
