/// One sentence of the API: words of octets, none of them empty. The protocol is MikroTik's, published in its manual ("API").
package struct Sentence: Hashable, Sendable {
    package var words: [[UInt8]]

    package init(words: [[UInt8]]) { self.words = words }

    /// Words of text.
    package init(_ words: String...) { self.words = words.map { Array($0.utf8) } }

    /// As it goes over the wire: each word after its length, an empty word at the end. An empty word among the words would end
    /// the sentence there, so it is a programmer's error.
    package var encoded: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(words.reduce(1) { $0 + $1.count + 5 })
        for word in words {
            precondition(!word.isEmpty, "an empty word ends the sentence")
            WordLength.append(word.count, to: &octets)
            octets += word
        }
        octets.append(0)
        return octets
    }
}

/// What no router sends. Each of them ends the connection: where the next word begins is not known any more.
package enum CodecError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A length begins with an octet that the protocol keeps for later (0xF8 and above).
    case reservedLength(UInt8)
    /// A word of so many octets.
    case wordTooLong(Int)
    /// More octets in one sentence than are allowed.
    case sentenceTooLong
    /// More words in one sentence than are allowed.
    case tooManyWords

    package var description: String {
        switch self {
        case .reservedLength(let octet): "a length begins with 0x\(String(octet, radix: 16))"
        case .wordTooLong(let count): "a word has \(count) octets"
        case .sentenceTooLong: "a sentence is too long"
        case .tooManyWords: "a sentence has too many words"
        }
    }
}

/// The length before each word: 1 to 5 octets, the number of leading ones in the first says how many follow.
enum WordLength {
    /// The first octet's mark, by the number of octets that follow it.
    private static let marks: [UInt8] = [0x00, 0x80, 0xC0, 0xE0, 0xF0]

    static func append(_ count: Int, to octets: inout [UInt8]) {
        precondition(count >= 0 && count <= Int(UInt32.max), "no word is that long")
        let following =
            switch count {
            case ..<0x80: 0
            case ..<0x4000: 1
            case ..<0x20_0000: 2
            case ..<0x1000_0000: 3
            default: 4
            }
        var shift = following * 8
        octets.append(marks[following] | UInt8(truncatingIfNeeded: following == 4 ? 0 : count >> shift))
        while shift > 0 {
            shift -= 8
            octets.append(UInt8(truncatingIfNeeded: count >> shift))
        }
    }

    /// How many octets follow the first one, and what of the length stands in it.
    static func begin(_ first: UInt8) throws(CodecError) -> (following: Int, bits: Int) {
        switch first {
        case ..<0x80: (0, Int(first))
        case ..<0xC0: (1, Int(first & 0x3F))
        case ..<0xE0: (2, Int(first & 0x1F))
        case ..<0xF0: (3, Int(first & 0x0F))
        case 0xF0..<0xF8: (4, Int(first & 0x07))
        default: throw .reservedLength(first)
        }
    }
}
