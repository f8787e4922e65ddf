import RADIUS
import SharedTesting
import Testing

@Suite struct MutationTests {
    private static let corpus =
        RFCPackets.all + AccessVectors.all + AccountingVectors.all + EAPVectors.all

    /// One to four random changes of the kinds that break parsers: bits, octets, lengths, cuts, insertions, repetitions.
    private func mutate(_ original: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var packet = original
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !packet.isEmpty else { break }
            let index = Int.random(in: 0..<packet.count, using: &random)
            switch Int.random(in: 0..<9, using: &random) {
            case 0: packet[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: packet[index] = UInt8.random(in: .min ... .max, using: &random)
            case 2: packet[index] = [0, 1, 2, 0x7F, 0x80, 0xFF][Int.random(in: 0..<6, using: &random)]
            case 3: packet.removeSubrange(index...)
            case 4: packet.removeSubrange(index..<min(packet.count, index + Int.random(in: 1...8, using: &random)))
            case 5: packet.insert(contentsOf: random.bytes(Int.random(in: 1...8, using: &random)), at: index)
            case 6: packet.append(contentsOf: packet[index..<min(packet.count, index + 20)])
            case 7: fixLength(&packet)
            default: if packet.count > 21 { packet[21] = UInt8.random(in: 0...24, using: &random) }
            }
        }
        // Half of them with a right Length, so that the attributes and not the header decide.
        if Bool.random(using: &random) { fixLength(&packet) }
        return packet
    }

    private func fixLength(_ packet: inout [UInt8]) {
        guard packet.count >= 4 else { return }
        packet[2] = UInt8(truncatingIfNeeded: packet.count >> 8)
        packet[3] = UInt8(truncatingIfNeeded: packet.count)
    }

    @Test(.proves("RAD-04", "G-02"))
    func `120,000 mutated packets break nothing, and none that differs from the vectors is authentic`() {
        var random = SeededRandom()
        let exercise = CodecExercise()
        var valid = 0
        var problems: [String] = []
        for round in 0..<120_000 {
            let original = Self.corpus[round % Self.corpus.count]
            let mutated = mutate(original, &random)
            let parsed = try? Packet(parsing: mutated)
            if parsed != nil { valid += 1 }
            if let problem = exercise.violation(in: mutated) { problems.append("\(problem): \(mutated)") }
            // A mutation may lead back to a vector: D1d differs from D1 in one bit.
            if exercise.isAuthentic(mutated), !Self.corpus.contains(where: { mutated.starts(with: $0) }) {
                problems.append("forged: \(mutated)")
            }
        }
        #expect(problems.isEmpty, "\(problems.prefix(3))")
        #expect(valid > 10_000, "mutation leaves too few packets to test what follows validation")
    }

    @Test func `the unchanged vectors pass the same exercise`() {
        let exercise = CodecExercise()
        for packet in Self.corpus { #expect(exercise.violation(in: packet) == nil) }
    }
}
