/// The API's framing, written from MikroTik's manual and not from our client's: a mistake there must not be ours too.
enum Words {
    /// Octets of one sentence at most.
    private static let longest = 1 << 20

    static func encode(_ sentence: [String]) -> [UInt8] {
        var octets: [UInt8] = []
        for word in sentence where !word.isEmpty {
            let text = Array(word.utf8)
            octets += prefix(UInt32(text.count)) + text
        }
        return octets + [0]
    }

    private static func prefix(_ count: UInt32) -> [UInt8] {
        let all = [UInt8(count >> 24), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
        if count < 0x80 { return [all[3]] }
        if count < 0x4000 { return [all[2] | 0x80, all[3]] }
        if count < 0x20_0000 { return [all[1] | 0xC0, all[2], all[3]] }
        if count < 0x1000_0000 { return [all[0] | 0xE0, all[1], all[2], all[3]] }
        return [0xF0] + all
    }

    enum Taken {
        case sentence([String])
        case incomplete
        case malformed
    }

    /// Takes the first sentence off the octets, where it is whole.
    static func take(from octets: inout [UInt8]) -> Taken {
        var words: [String] = []
        var at = 0
        while at < octets.count {
            let first = octets[at]
            let (more, mask): (Int, UInt8) =
                first < 0x80
                ? (0, 0x7F) : first < 0xC0 ? (1, 0x3F) : first < 0xE0 ? (2, 0x1F) : first < 0xF0 ? (3, 0x0F) : (4, 0x07)
            guard first < 0xF8 else { return .malformed }
            guard octets.count >= at + 1 + more else { return .incomplete }
            let count = octets[(at + 1)..<(at + 1 + more)].reduce(Int(first & mask)) { $0 * 256 + Int($1) }
            guard at + count <= longest else { return .malformed }
            at += 1 + more
            guard octets.count >= at + count else { return .incomplete }
            if count == 0 {
                octets.removeFirst(at)
                return .sentence(words)
            }
            words.append(String(decoding: octets[at..<(at + count)], as: UTF8.self))
            at += count
        }
        return .incomplete
    }
}
