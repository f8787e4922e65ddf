import Domain
import SharedTesting
import Testing

@testable import RadiusServer

@Suite struct StreamMemoryTests {
    /// A stream that an older copy may be put in place of: what it acknowledges, and what it holds.
    private struct Stream {
        var messages: [UUID128] = []

        /// Publishes a message; the window of duplicates is endless.
        mutating func publish(_ event: UUID128) -> (mark: StreamMemory.Mark, duplicate: Bool) {
            if let index = messages.firstIndex(of: event) {
                return (.init(sequence: UInt64(index + 1), id: event.description), true)
            }
            messages.append(event)
            return (.init(sequence: UInt64(messages.count), id: event.description), false)
        }

        func holds(_ mark: StreamMemory.Mark) -> Bool {
            mark.sequence <= messages.count && messages[Int(mark.sequence - 1)].description == mark.id
        }
    }

    private var next: UInt64 = 0

    private mutating func event() -> UUID128 {
        next += 1
        return UUID128(high: 1, low: next)
    }

    @Test("A stream that grows, repeats and shrinks by its limits is never blamed", .proves("ACC-13"))
    mutating func innocent() {
        var random = SeededRandom()
        for _ in 0..<100 {
            var stream = Stream()
            var memory = StreamMemory()
            for _ in 0..<300 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0: memory.keepNewest()
                case 1:
                    let marks = memory.takeKept()
                    #expect(marks.allSatisfy(stream.holds))
                case 2:
                    guard let old = stream.messages.randomElement(using: &random) else { continue }
                    let (mark, duplicate) = stream.publish(old)
                    let fits = memory.acknowledged(mark, duplicate: duplicate)
                    #expect(fits)
                default:
                    let (mark, duplicate) = stream.publish(event())
                    let fits = memory.acknowledged(mark, duplicate: duplicate)
                    #expect(fits)
                }
            }
        }
    }

    @Test("A lost end is noticed, whoever published past it and however far", .proves("ACC-13"))
    mutating func lostEnd() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var stream = Stream()
            var memory = StreamMemory()
            var noticed = false
            func publish(_ event: UUID128) {
                let (mark, duplicate) = stream.publish(event)
                if !memory.acknowledged(mark, duplicate: duplicate) { noticed = true }
            }
            for _ in 0..<Int.random(in: 1...50, using: &random) { publish(event()) }
            if Bool.random(using: &random) { _ = memory.takeKept() }
            #expect(!noticed)
            // The connection breaks; a store comes back that lost our newest message at least.
            memory.keepNewest()
            stream.messages.removeLast(Int.random(in: 1...stream.messages.count, using: &random))
            // Other servers publish, then we do.
            for _ in 0..<Int.random(in: 0...80, using: &random) { _ = stream.publish(event()) }
            for _ in 0..<Int.random(in: 0...80, using: &random) { publish(event()) }
            let found = memory.takeKept().allSatisfy(stream.holds)
            #expect(noticed || !found)
        }
    }

    @Test("Another stream begins without blame")
    mutating func forgets() {
        var memory = StreamMemory()
        let old = StreamMemory.Mark(sequence: 9, id: event().description)
        _ = memory.acknowledged(old, duplicate: false)
        memory.keepNewest()
        memory.forget()
        let marks = memory.takeKept()
        #expect(marks.isEmpty)
        let fresh = StreamMemory.Mark(sequence: 1, id: event().description)
        let fits = memory.acknowledged(fresh, duplicate: false)
        #expect(fits)
        #expect(memory.newest == fresh)
    }

    @Test("Marks that could not be looked for wait for the next look")
    mutating func keeps() {
        var memory = StreamMemory()
        let first = StreamMemory.Mark(sequence: 1, id: event().description)
        let second = StreamMemory.Mark(sequence: 2, id: event().description)
        _ = memory.acknowledged(first, duplicate: false)
        memory.keepNewest()
        let taken = memory.takeKept()
        _ = memory.acknowledged(second, duplicate: false)
        memory.keep(taken)
        let again = memory.takeKept()
        let last = memory.takeKept()
        #expect(again.contains(first))
        #expect(last == [second])
    }
}
