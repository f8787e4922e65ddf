import SharedTesting
import Testing

@testable import RouterOS

@Suite struct RouterOSCodecTests {
    private func sentences(_ decoder: inout SentenceDecoder) throws(CodecError) -> [Sentence] {
        var found: [Sentence] = []
        while let sentence = try decoder.next() { found.append(sentence) }
        return found
    }

    @Test(
        .proves("MTK-03"),
        arguments: [
            (0, [0x00]), (1, [0x01]), (0x7F, [0x7F]), (0x80, [0x80, 0x80]), (0x3FFF, [0xBF, 0xFF]),
            (0x4000, [0xC0, 0x40, 0x00]),
            (0x1F_FFFF, [0xDF, 0xFF, 0xFF]), (0x20_0000, [0xE0, 0x20, 0x00, 0x00]),
            (0xFFF_FFFF, [0xEF, 0xFF, 0xFF, 0xFF]),
            (0x1000_0000, [0xF0, 0x10, 0x00, 0x00, 0x00]), (0xFFFF_FFFF, [0xF0, 0xFF, 0xFF, 0xFF, 0xFF]),
        ] as [(Int, [UInt8])]
    ) func `lengths are those of the manual`(count: Int, octets: [UInt8]) throws {
        var written: [UInt8] = []
        WordLength.append(count, to: &written)
        #expect(written == octets)
        var (following, read) = try WordLength.begin(octets[0])
        #expect(following == octets.count - 1)
        for octet in octets.dropFirst() { read = read << 8 | Int(octet) }
        #expect(read == count)
    }

    @Test(.proves("MTK-03")) func `a sentence is its words and an empty one`() {
        let octets = Sentence("/login", "=name=a").encoded
        #expect(octets == [6] + Array("/login".utf8) + [7] + Array("=name=a".utf8) + [0])
    }

    @Test(.proves("MTK-03")) func `whatever is said in whatever pieces is understood whole`() throws {
        var random = SeededRandom()
        for _ in 0..<200 {
            let said = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                Sentence(
                    words: (0..<Int.random(in: 1...5, using: &random)).map { _ in
                        let lengths = [1...3, 100...200, 16_000...17_000]
                        return random.bytes(Int.random(in: lengths[Int(random.next() % 3)], using: &random))
                    }
                )
            }
            // Sentences without words stand between them, as the protocol allows.
            var rest = said.flatMap { random.next() % 4 == 0 ? [0] + $0.encoded : $0.encoded }[...]
            var decoder = SentenceDecoder()
            var heard: [Sentence] = []
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...5_000, using: &random))
                rest = rest.dropFirst(piece.count)
                decoder.append(piece)
                heard += try sentences(&decoder)
            }
            #expect(heard == said && decoder.pending == 0)
        }
    }

    @Test(.proves("MTK-03")) func `a length that is not the shortest is still a length`() throws {
        var decoder = SentenceDecoder()
        decoder.append([0x80, 0x05] + Array("!done".utf8) + [0xE0, 0, 0, 0])
        #expect(try sentences(&decoder) == [Sentence("!done")])
    }

    @Test(.proves("MTK-03")) func `what is too much is refused by its length, and for ever`() throws {
        var long = SentenceDecoder(.init(word: 10, sentence: 100, words: 3))
        long.append(Sentence("first").encoded + [11])
        // What was whole before is not lost.
        #expect(try long.next() == Sentence("first"))
        #expect(throws: CodecError.wordTooLong(11)) { try long.next() }
        long.append(Sentence("later").encoded)
        #expect(throws: CodecError.wordTooLong(11)) { try long.next() }

        var many = SentenceDecoder(.init(word: 10, sentence: 100, words: 3))
        many.append(Sentence("a", "b", "c", "d").encoded)
        #expect(throws: CodecError.tooManyWords) { try many.next() }

        var heavy = SentenceDecoder(.init(word: 10, sentence: 12, words: 3))
        heavy.append(Sentence("0123456789", "01").encoded)
        #expect(throws: CodecError.sentenceTooLong) { try heavy.next() }

        var huge = SentenceDecoder()
        huge.append([0xF0, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: CodecError.wordTooLong(0xFFFF_FFFF)) { try huge.next() }

        var reserved = SentenceDecoder()
        reserved.append([0xF8])
        #expect(throws: CodecError.reservedLength(0xF8)) { try reserved.next() }
    }

    @Test(.proves("MTK-03")) func `noise never harms, and never fills the memory`() {
        var random = SeededRandom()
        let limits = SentenceDecoder.Limits(word: 64, sentence: 256, words: 8)
        for _ in 0..<500 {
            var decoder = SentenceDecoder(limits)
            for _ in 0..<20 {
                // Small octets are lengths that go on; others are soon refused.
                let noise = (0..<40).map { _ in
                    UInt8(truncatingIfNeeded: random.next()) & (random.next() % 9 == 0 ? 0xFF : 0x0F)
                }
                decoder.append(noise)
                do throws(CodecError) {
                    for sentence in try sentences(&decoder) {
                        #expect(sentence.words.count <= 8 && sentence.words.allSatisfy { 1...64 ~= $0.count })
                        _ = Reply(sentence)
                    }
                } catch {
                    break
                }
                #expect(decoder.pending <= 256 + 64)
            }
        }
    }

    @Test(.proves("MTK-03")) func `replies are taken apart, and what is none is told from one`() throws {
        let row = try #require(Reply(Sentence("!re", ".tag=7", "=.id=*1A", "=comment=a=b=c", "=empty=", "=name=x")))
        #expect(row.kind == .row && row.tag == 7 && row.row.id == "*1A")
        #expect(row.row["comment"] == "a=b=c" && row.row["empty"] == "" && row.row["none"] == nil)
        let fatal = try #require(Reply(Sentence("!fatal", "session terminated on request")))
        #expect(fatal.kind == .fatal && fatal.text == "session terminated on request")
        #expect(try #require(Reply(Sentence("!empty", ".tag=1"))).kind == .empty)
        #expect(Reply(Sentence("done")) == nil && Reply(Sentence("!done", ".tag=x")) == nil)
        // Octets of another encoding are kept as they are.
        let octets = try #require(Reply(Sentence(words: [Array("!re".utf8), Array("=c=".utf8) + [0xCF, 0xF0]])))
        #expect(octets.row.attributes.first?.value == [0xCF, 0xF0])
    }

    @Test(.proves("MTK-03")) func `a command says its arguments, its query and its tag`() {
        let command = RouterCommand("/ppp/secret/print").listing([".id", "name"])
            .matching(.equals("name", "a=b"), .lacks("comment"), .has("profile"))
        let words = command.sentence(tag: 9).words.map { String(decoding: $0, as: UTF8.self) }
        #expect(
            words == [
                "/ppp/secret/print", "=.proplist=.id,name", "?name=a=b", "?-comment", "?profile", "?#&", "?#&",
                ".tag=9",
            ]
        )
        let secret = RouterCommand("/login").with("password", "hunter2", secret: true)
        #expect(!"\(secret)".contains("hunter2") && !String(reflecting: secret).contains("hunter2"))
    }
}
