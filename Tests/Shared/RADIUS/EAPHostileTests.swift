import RADIUS
import SharedTesting
import Testing

@Suite struct EAPHostileTests {
    /// Packets of a real conversation, changed at random, in a random order.
    private func script(_ random: inout SeededRandom) -> [UInt8] {
        let peer = EAPPeer()
        var packets: [[UInt8]] = [[2, 1, 0, 6, 3, 4], [2, 1, 0, 6, 26, 3], [2, 1, 0, 6, 26, 4]]
        packets.append(peer.identity().encoded)
        let challenge = EAPPacket(.request, identifier: 1, type: 26, data: [1, 1, 0, 21, 16] + [UInt8](0..<16)).encoded
        packets += [try? peer.mschapv2(challenge), try? peer.md5([1, 1, 0, 22, 4, 16] + [UInt8](0..<16))]
            .compactMap { $0?.encoded }
        var script: [UInt8] = []
        for _ in 0..<Int.random(in: 1...70, using: &random) {
            var packet = packets[Int.random(in: 0..<packets.count, using: &random)]
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let index = Int.random(in: 0..<packet.count, using: &random)
                packet[index] = random.bytes(1)[0]
            }
            if Int.random(in: 0..<6, using: &random) == 0 {
                packet = random.bytes(Int.random(in: 0...40, using: &random))
            }
            // An odd length has its identifier mended.
            let length = packet.count | (Bool.random(using: &random) ? 1 : 0)
            script += [UInt8(length)] + packet + [UInt8](repeating: 0, count: length - packet.count)
        }
        return script
    }

    @Test(.proves("RAD-09", "G-02"))
    func `10,000 hostile conversations break nothing and none succeeds`() {
        var random = SeededRandom()
        let exercise = EAPExercise()
        var problems: [String] = []
        for _ in 0..<10_000 {
            let script = script(&random)
            if let problem = exercise.violation(inScript: script) { problems.append("\(problem): \(script)") }
        }
        #expect(problems.isEmpty, "\(problems.prefix(2))")
    }
}
