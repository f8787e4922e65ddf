import Compression
import SharedTesting
import Testing

@Suite struct GzipTests {
    @Test func `what is compressed expands to itself, in whatever pieces it came`() throws {
        var random = SeededRandom()
        for _ in 0..<150 {
            let count = Int.random(in: 0...100_000, using: &random)
            let isText = Bool.random(using: &random)
            let octets = isText ? (0..<count).map { UInt8($0 % 7 + 97) } : random.bytes(count)
            var encoder = try GzipEncoder(level: Int.random(in: 1...9, using: &random))
            var member: [UInt8] = []
            var place = 0
            while place < count {
                let end = min(count, place + Int.random(in: 1...30_000, using: &random))
                member += try encoder.push(Array(octets[place..<end]))
                place = end
            }
            member += try encoder.push([], isLast: true)
            #expect(try Gzip.expand(member, limit: count) == octets)
            #expect(try Gzip.expand(Gzip.compress(octets), limit: count) == octets)
        }
    }

    @Test func `a cut, changed or too large member is refused`() throws {
        let member = try Gzip.compress([UInt8](repeating: 65, count: 10_000))
        #expect(throws: CompressionError.self) { try Gzip.expand(member, limit: 9_999) }
        #expect(throws: CompressionError.self) { try Gzip.expand(Array(member.dropLast()), limit: 10_000) }
        var changed = member
        changed[member.count - 6] ^= 1
        #expect(throws: CompressionError.self) { try Gzip.expand(changed, limit: 10_000) }
    }

    @Test func `text shrinks`() throws {
        let text = [UInt8](String(repeating: "the same again, ", count: 500).utf8)
        #expect(try Gzip.compress(text).count < text.count / 20)
    }
}
