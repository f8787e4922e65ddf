import Domain
import Events
import SharedTesting
import Synchronization
import Testing

@testable import Persistence

/// Events are published in the order of their ids: those of one commit must be in the order in which they were written.
@Suite(.proves("MSG-09")) struct EventIDTests {
    @Test func `under a clock that stands still, and whatever chance says, each id is greater than the one before`() {
        let ids = CommitIDs(.descending(at: LedgerWorld.now))
        let drawn = (0..<1_000).map { _ in ids.next() }
        #expect(drawn == drawn.sorted())
        #expect(Set(drawn).count == drawn.count)
        // The generator alone gives no such order: this would not be worth a test otherwise.
        let generator = IDGenerator.descending(at: LedgerWorld.now)
        let plain = (0..<10).map { _ in generator.next(EventID.self) }
        #expect(plain == plain.sorted(by: >))
    }

    @Test func `an id is of its own moment, and of none that is over where the clock goes back`() {
        let clock = Mutex(LedgerWorld.now)
        let ids = CommitIDs(IDGenerator(time: TimeSource { clock.withLock { $0 } }, random: { (0, 0) }))
        func first(_ time: Timestamp) -> EventID { EventID(UUID128.v7(at: time, random: (0, 0))) }
        #expect(ids.next() == first(LedgerWorld.now))
        clock.withLock { $0 = LedgerWorld.now + .seconds(5) }
        #expect(ids.next() == first(LedgerWorld.now + .seconds(5)))
        clock.withLock { $0 = LedgerWorld.now }
        #expect(ids.next() == first(LedgerWorld.now + .seconds(5) + .microseconds(1)))
    }
}

extension IDGenerator {
    /// Under a clock that stands still each id is less than the one before: what chance may do at its worst.
    static func descending(at time: Timestamp) -> IDGenerator {
        let next = Countdown()
        return IDGenerator(time: .fixed(time), random: { (0, next.next()) })
    }

    private final class Countdown: Sendable {
        private let left = Mutex<UInt64>(0x3fff_ffff_ffff_ffff)

        func next() -> UInt64 {
            left.withLock {
                $0 -= 1
                return $0
            }
        }
    }
}
