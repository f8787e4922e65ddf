import Domain
import SharedTesting
import Testing

@Suite struct UUID128Tests {
    @Test func `text and bytes come back as they went in`() throws {
        let text = "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5061"
        let id = try #require(UUID128(text))
        #expect(id.description == text)
        #expect(id.high == 0x0192_a3b4_c5d6_7e8f)
        #expect(id.low == 0x9a0b_1c2d_3e4f_5061)
        #expect(UUID128(text.uppercased()) == id)
        #expect(UUID128(bytes: id.bytes) == id)
        #expect(id.bytes.first == 0x01 && id.bytes.last == 0x61)
        #expect(UUID128("ffffffff-ffff-ffff-ffff-ffffffffffff")?.description == "ffffffff-ffff-ffff-ffff-ffffffffffff")
        #expect(UUID128.zero.description == "00000000-0000-0000-0000-000000000000")
    }

    @Test(arguments: [
        "", "0192a3b4c5d67e8f9a0b1c2d3e4f5061", "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f506",
        "{0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f5061}",
        "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f50611", "0192a3b4-c5d6-7e8f-9a0b-1c2d3e4f506g",
        "0192a3b4-c5d6-7e8f-9a0b1-c2d3e4f5061",
    ])
    func `anything else is no id`(text: String) {
        #expect(UUID128(text) == nil)
    }

    @Test func `every octet at every place of the text is a digit, a hyphen or refused`() {
        var random = SeededRandom("octets in an id's text")
        for _ in 0..<20 {
            let id = UUID128(high: random.next(), low: random.next())
            #expect(UUID128(id.description) == id && UUID128(id.description.uppercased()) == id)
            let text = Array(id.description.utf8)
            for place in text.indices {
                for octet in UInt8(0)...255 {
                    var other = [0x22] + text
                    other[place + 1] = octet
                    let digit = Unicode.Scalar(octet).properties.isASCIIHexDigit
                    let fits = [8, 13, 18, 23].contains(place) ? octet == UInt8(ascii: "-") : digit
                    guard let read = UUID128(other, 1..<37) else {
                        if fits { Issue.record("\(octet) at \(place) was refused") }
                        continue
                    }
                    let canonical = String(decoding: other[1...], as: UTF8.self).lowercased()
                    if !fits || read.description != canonical { Issue.record("\(octet) at \(place) became \(read)") }
                }
            }
        }
    }

    @Test func `sixteen bytes or none`() {
        #expect(UUID128(bytes: [1, 2, 3]) == nil)
        #expect(UUID128(bytes: [UInt8](repeating: 0, count: 17)) == nil)
    }

    @Test func `version 7 carries its time and its version, and sorts by time`() {
        let time = Timestamp("2026-11-20T10:00:00.123456Z") ?? .epoch
        let id = UUID128.v7(at: time, random: (.max, .max))
        #expect(Int64(id.high >> 16) == time.microseconds / 1000)
        #expect(id.high >> 12 & 0xf == 7)
        #expect(id.low >> 62 == 2)
        let later = UUID128.v7(at: time.adding(microseconds: 1), random: (0, 0))
        #expect(id < later)
        #expect(UUID128.v7(at: Timestamp(microseconds: -5), random: (0, 0)).high == 0x7000)
    }

    @Test func `ids of two kinds are two types, and a generator makes what is asked for`() {
        let generator = IDGenerator(time: .fixed(Timestamp(microseconds: 1_000_000)), random: { (1, 2) })
        let tenant: TenantID = generator.next()
        let nas: NASID = generator.next()
        #expect(tenant.value == nas.value)
        #expect(TenantID(tenant.description) == tenant)
        let real = IDGenerator(time: .fixed(.epoch))
        #expect(real.next(EventID.self) != real.next(EventID.self))
    }
}
