import Concurrency
import SharedTesting
import Testing

@testable import NATS

/// The buffer between the loop that receives and its readers, by itself: time is what `expire` is told.
struct PullBufferTests {
    private let buffer = PullBuffer()

    private func append(_ numbers: UInt64...) {
        for number in numbers { buffer.append(.gap(.removed(from: number, through: number))) }
    }

    private func numbers(_ items: [PullItem]) -> [UInt64] {
        items.map { item in
            guard case .gap(.removed(let from, _)) = item else { return 0 }
            return from
        }
    }

    /// A reader that gathers for a second, once he waits.
    private func gatherer(among readers: Int) async throws -> Task<[UInt64], any Error> {
        let reader = Task {
            numbers(try await buffer.next(maximum: 4, within: .seconds(3_600), gathering: .seconds(1)))
        }
        try await eventually { buffer.readers == readers }
        return reader
    }

    /// So many seconds from now.
    private func later(_ seconds: UInt64) -> UInt64 { SystemClock.monotonicNanoseconds() + seconds * 1_000_000_000 }

    @Test func `of two readers one gathers at a time, and has all that comes meanwhile`() async throws {
        let one = try await gatherer(among: 1)
        let two = try await gatherer(among: 2)
        append(1, 2)
        buffer.expire(now: later(0))
        append(3)
        // His second is over; the other's has not begun.
        buffer.expire(now: later(5))
        #expect(try await one.value == [1, 2, 3])
        #expect(buffer.readers == 1)
        append(4, 5)
        buffer.expire(now: later(5))
        #expect(try await two.value == [4, 5])
    }

    @Test func `a reader has enough with as many as he takes, and what is left begins the next one's time`()
        async throws
    {
        let one = try await gatherer(among: 1)
        let two = try await gatherer(among: 2)
        append(1, 2, 3, 4, 5)
        #expect(try await one.value == [1, 2, 3, 4])
        buffer.expire(now: later(5))
        #expect(try await two.value == [5])
    }

    @Test func `what came before is had at once, and whose patience ends has nothing of another's`()
        async throws
    {
        append(1, 2)
        #expect(numbers(try await buffer.next(maximum: 4, within: .zero, gathering: .seconds(3_600))) == [1, 2])
        let one = try await gatherer(among: 1)
        let hasty = Task { numbers(try await buffer.next(maximum: 4, within: .zero, gathering: .seconds(1))) }
        try await eventually { buffer.readers == 2 }
        append(3)
        buffer.expire(now: later(0))
        #expect(try await hasty.value.isEmpty)
        buffer.expire(now: later(5))
        #expect(try await one.value == [3])
    }
}
