import RADIUS
import SharedTesting
import Testing

@Suite struct HostileAttributesTests {
    /// Attributes of random types and contents, some with the beginnings that formats look for.
    private func attributes(_ random: inout SeededRandom) -> [UInt8] {
        let vendors: [[UInt8]] = [
            [0, 0, 0, 9], [0, 0, 0x60, 0xB5], [0, 0, 1, 0xAD], [0, 0, 0x1F, 0xE4], [0, 0, 0x12, 0xEE], [0, 0, 1, 0x37],
            [0, 0, 0x75, 0x34],
        ]
        var octets: [UInt8] = []
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let type: UInt8 =
                switch Int.random(in: 0..<6, using: &random) {
                case 0: 26
                case 1: UInt8.random(in: 241...246, using: &random)
                case 2: [6, 2, 64, 69, 79, 97, 173, 212][Int.random(in: 0..<8, using: &random)]
                default: UInt8.random(in: .min ... .max, using: &random)
                }
            var value = random.bytes(Int.random(in: 0...60, using: &random))
            if type == 26 || type > 240 {
                let vendor = vendors[Int.random(in: 0..<vendors.count, using: &random)]
                let length = UInt8.random(in: 0...40, using: &random)
                let code = UInt8.random(in: 0...30, using: &random)
                let flags: UInt8 = Bool.random(using: &random) ? 0x80 : 0
                value = type == 26 ? vendor + [code, length, flags] + value : [code, flags] + vendor + value
            }
            octets += [type, UInt8(value.count + 2)] + value
        }
        return octets
    }

    @Test(.proves("RAD-19", "RAD-04"))
    func `10,000 hostile packets are told without a trap, and what is told can be written again`() throws {
        var random = SeededRandom()
        let own = try #require(DictionaryExercise())
        let debian = DictionaryExercise(try Dictionaries.codec())
        var problems: [String] = []
        for round in 0..<10_000 {
            let octets = round % 2 == 0 ? attributes(&random) : random.bytes(Int.random(in: 0...400, using: &random))
            for exercise in [own, debian] {
                if let problem = exercise.violation(inAttributes: octets) { problems.append("\(problem): \(octets)") }
            }
        }
        #expect(problems.isEmpty, "\(problems.prefix(3))")
    }

    @Test(.proves("RAD-19")) func `mutated dictionaries are read or refused without a trap`() throws {
        var random = SeededRandom()
        let exercise = try #require(DictionaryExercise())
        let lines = BuiltInDictionary.text.split(separator: "\n")
        let words = [
            "ATTRIBUTE", "VALUE", "VENDOR", "BEGIN-VENDOR", "BEGIN-TLV", "END-TLV", "$INCLUDE", "1", "0x", "=", "tlv",
        ]
        var problems: [String] = []
        for _ in 0..<5_000 {
            var chosen = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                Array(lines[Int.random(in: 0..<lines.count, using: &random)].utf8)
            }
            let line = Int.random(in: 0..<chosen.count, using: &random)
            let word = Array(words[Int.random(in: 0..<words.count, using: &random)].utf8)
            let place = Int.random(in: 0...chosen[line].count, using: &random)
            chosen[line].insert(contentsOf: Bool.random(using: &random) ? word : random.bytes(3), at: place)
            let text = Array(chosen.joined(separator: [10]))
            if let problem = exercise.violation(inDictionary: text) { problems.append(problem) }
        }
        #expect(problems.isEmpty, "\(problems.prefix(3))")
    }
}
