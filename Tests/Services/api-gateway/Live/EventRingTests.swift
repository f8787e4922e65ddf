import SharedTesting
import Testing

@testable import APIGateway

@Suite(.proves("WS-04")) struct EventRingTests {
    /// What a reader gets that reads on until there is nothing: the elements, and how it ended.
    private func drain(_ ring: EventRing<UInt64>, after start: UInt64, limit: Int) -> (
        elements: [UInt64], place: UInt64, end: String
    ) {
        var (found, place) = ([UInt64](), start)
        while true {
            switch ring.read(after: place, limit: limit) {
            case .elements(let elements, let through):
                found += elements
                place = through
            case .nothing: return (found, place, "nothing")
            case .behind: return (found, place, "behind")
            case .ahead: return (found, place, "ahead")
            }
        }
    }

    @Test func `from any place a reader gets exactly what follows it, or is told that it is not here`() {
        var random = SeededRandom()
        for _ in 0..<300 {
            let capacity = Int.random(in: 1...20, using: &random)
            var ring = EventRing<UInt64>(maximumCount: capacity, maximumOctets: Int.random(in: 1...400, using: &random))
            let begin = UInt64.random(in: 0...50, using: &random)
            ring.begin(after: begin)
            var kept: [UInt64] = []
            var sequence = begin
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                sequence += UInt64.random(in: 1...3, using: &random)
                if Bool.random(using: &random) {
                    ring.append(sequence, at: sequence, octets: Int.random(in: 1...40, using: &random))
                    kept.append(sequence)
                } else {
                    ring.pass(through: sequence)
                }
            }
            #expect(ring.count <= capacity)
            let place = UInt64.random(in: 0...(sequence + 3), using: &random)
            let (found, end, outcome) = drain(ring, after: place, limit: Int.random(in: 1...7, using: &random))
            if place > sequence {
                #expect(outcome == "ahead")
            } else if place < ring.start {
                #expect(outcome == "behind" && found.isEmpty)
            } else {
                #expect(outcome == "nothing" && end == sequence)
                #expect(found == kept.filter { $0 > place })
            }
        }
    }

    @Test func `a place before the newest few is where a reader gets exactly those`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            var ring = EventRing<UInt64>(maximumCount: 30, maximumOctets: 1 << 20)
            ring.begin(after: 10)
            for sequence in 11...UInt64.random(in: 11...80, using: &random) {
                ring.append(sequence, at: sequence, octets: 1)
            }
            let count = Int.random(in: 0...40, using: &random)
            let wanted = { (element: UInt64) in element.isMultiple(of: 3) }
            let place = ring.place(before: count, where: wanted)
            let inside = drain(ring, after: ring.start, limit: 100).elements.filter(wanted)
            #expect(drain(ring, after: place, limit: 100).elements.filter(wanted) == inside.suffix(count))
        }
    }

    @Test func `the newest event stays even where it alone is more than fits`() {
        var ring = EventRing<String>(maximumCount: 10, maximumOctets: 100)
        ring.append("small", at: 1, octets: 10)
        ring.append("large", at: 2, octets: 1_000)
        #expect(ring.count == 1)
        ring.append("again", at: 2, octets: 10)
        #expect(ring.count == 1 && ring.octets == 1_000)
    }
}
