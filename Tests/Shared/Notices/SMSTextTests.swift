import Notices
import SharedTesting
import Testing

@Suite(.proves("NTF-06")) struct SMSTextTests {
    /// 3GPP TS 23.038 §6.2.1, by columns of its table: code points of Unicode for 0x00 to 0x7F, 0 at the escape.
    static let alphabet: [UInt32] = [
        0x0040, 0x00A3, 0x0024, 0x00A5, 0x00E8, 0x00E9, 0x00F9, 0x00EC, 0x00F2, 0x00C7, 0x000A, 0x00D8, 0x00F8, 0x000D,
        0x00C5, 0x00E5,
        0x0394, 0x005F, 0x03A6, 0x0393, 0x039B, 0x03A9, 0x03A0, 0x03A8, 0x03A3, 0x0398, 0x039E, 0x0000, 0x00C6, 0x00E6,
        0x00DF, 0x00C9,
        0x0020, 0x0021, 0x0022, 0x0023, 0x00A4, 0x0025, 0x0026, 0x0027, 0x0028, 0x0029, 0x002A, 0x002B, 0x002C, 0x002D,
        0x002E, 0x002F,
        0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0x0035, 0x0036, 0x0037, 0x0038, 0x0039, 0x003A, 0x003B, 0x003C, 0x003D,
        0x003E, 0x003F,
        0x00A1, 0x0041, 0x0042, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047, 0x0048, 0x0049, 0x004A, 0x004B, 0x004C, 0x004D,
        0x004E, 0x004F,
        0x0050, 0x0051, 0x0052, 0x0053, 0x0054, 0x0055, 0x0056, 0x0057, 0x0058, 0x0059, 0x005A, 0x00C4, 0x00D6, 0x00D1,
        0x00DC, 0x00A7,
        0x00BF, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065, 0x0066, 0x0067, 0x0068, 0x0069, 0x006A, 0x006B, 0x006C, 0x006D,
        0x006E, 0x006F,
        0x0070, 0x0071, 0x0072, 0x0073, 0x0074, 0x0075, 0x0076, 0x0077, 0x0078, 0x0079, 0x007A, 0x00E4, 0x00F6, 0x00F1,
        0x00FC, 0x00E0,
    ]

    /// §6.2.1.1: code and code point.
    static let extended: [(UInt8, UInt32)] = [
        (0x0A, 0x000C), (0x14, 0x005E), (0x28, 0x007B), (0x29, 0x007D), (0x2F, 0x005C), (0x3C, 0x005B), (0x3D, 0x007E),
        (0x3E, 0x005D), (0x40, 0x007C), (0x65, 0x20AC),
    ]

    @Test func `the alphabet is the standard's, and nothing else is in it`() throws {
        #expect(Self.alphabet.count == 128)
        var expected: [Unicode.Scalar: [UInt8]] = [:]
        for (code, point) in Self.alphabet.enumerated() where point != 0 {
            expected[try #require(Unicode.Scalar(point))] = [UInt8(code)]
        }
        for (code, point) in Self.extended { expected[try #require(Unicode.Scalar(point))] = [0x1B, code] }
        #expect(expected.count == 137)
        for scalar in (UInt32(0)...0x1_FFFF).compactMap(Unicode.Scalar.init) {
            let code = GSMAlphabet.code(of: scalar)
            guard code != expected[scalar] else { continue }
            Issue.record("U+\(String(scalar.value, radix: 16)) is \(String(describing: code))")
        }
        #expect(Set(GSMAlphabet.all) == Set(expected.keys))
    }

    @Test(
        arguments: [
            ("", .gsm7, 0, 1), ("a", .gsm7, 1, 1), ("hellohello", .gsm7, 10, 1), ("€", .gsm7, 2, 1),
            ("[ok]", .gsm7, 6, 1),
            ("a\r\nb", .gsm7, 4, 1), ("ç", .ucs2, 1, 1), ("e\u{301}", .ucs2, 2, 1), ("😀", .ucs2, 2, 1),
            ("\u{1B}", .ucs2, 1, 1),
            ("مرحبا", .ucs2, 5, 1), ("`", .ucs2, 1, 1), ("\t", .ucs2, 1, 1),
            (String(repeating: "a", count: 160), .gsm7, 160, 1), (String(repeating: "a", count: 161), .gsm7, 161, 2),
            (String(repeating: "a", count: 306), .gsm7, 306, 2), (String(repeating: "a", count: 307), .gsm7, 307, 3),
            (String(repeating: "€", count: 80), .gsm7, 160, 1), (String(repeating: "€", count: 81), .gsm7, 162, 2),
            // 76 of two septets to a message: the 153rd septet stays empty.
            (String(repeating: "€", count: 153), .gsm7, 306, 3), (String(repeating: "€", count: 152), .gsm7, 304, 2),
            (String(repeating: "ا", count: 70), .ucs2, 70, 1), (String(repeating: "ا", count: 71), .ucs2, 71, 2),
            (String(repeating: "ا", count: 134), .ucs2, 134, 2), (String(repeating: "ا", count: 135), .ucs2, 135, 3),
            (String(repeating: "😀", count: 35), .ucs2, 70, 1), (String(repeating: "😀", count: 36), .ucs2, 72, 2),
            // 33 pairs to a message.
            (String(repeating: "😀", count: 66), .ucs2, 132, 2), (String(repeating: "😀", count: 67), .ucs2, 134, 3),
        ] as [(String, SMSSegments.Encoding, Int, Int)]
    )
    func `a text's messages are counted`(text: String, encoding: SMSSegments.Encoding, units: Int, count: Int) {
        let found = SMSText.segments(text)
        #expect(found.encoding == encoding && found.units == units && found.count == count, "\(found)")
        #expect(SMSText.parts(text).count == count)
    }

    @Test func `what has two units goes whole into the next message`() {
        let escaped = String(repeating: "a", count: 152)
        #expect(SMSText.parts(escaped + "€" + String(repeating: "b", count: 10)).first == escaped)
        #expect(SMSText.parts(escaped + "c€" + String(repeating: "b", count: 10)).first == escaped + "c")
        let paired = String(repeating: "ا", count: 66)
        #expect(SMSText.parts(paired + "😀" + paired) == [paired, "😀" + paired.dropLast(), "ا"])
    }

    @Test func `parts are the text, each fits, and none could have taken what the next begins with`() throws {
        var random = SeededRandom()
        let gsm = Array(GSMAlphabet.all).sorted { $0.value < $1.value }
        let alphabet = Set(gsm)
        let others: [Unicode.Scalar] = ["ا", "ç", "😀", "\u{301}", "’", "中", "\u{1F1EE}", "\u{200D}"]
        for round in 0..<400 {
            let pool = round % 2 == 0 ? gsm : gsm + others
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...500, using: &random) {
                scalars.append(try #require(pool.randomElement(using: &random)))
            }
            let text = String(scalars)
            let segments = SMSText.segments(text)
            let parts = SMSText.parts(text)
            let note: Comment = "seed \(random.seed), round \(round)"
            #expect(parts.joined().unicodeScalars.elementsEqual(text.unicodeScalars), note)
            #expect(parts.count == segments.count, note)
            let sizes = parts.map { Self.units($0, segments.encoding) }
            #expect(sizes.reduce(0, +) == segments.units, note)
            let isPlain = text.unicodeScalars.allSatisfy { alphabet.contains($0) }
            #expect((segments.encoding == .gsm7) == isPlain, note)
            let (alone, together) = isPlain ? (160, 153) : (70, 67)
            #expect((parts.count == 1) == (segments.units <= alone), note)
            guard parts.count > 1 else { continue }
            #expect(sizes.allSatisfy { $0 > 0 && $0 <= together }, note)
            for (size, next) in zip(sizes, parts.dropFirst()) {
                let first = next.unicodeScalars.first.map { Self.units(String($0), segments.encoding) } ?? 0
                #expect(size + first > together, note)
            }
        }
    }

    @Test(arguments: [
        ("It’s “ready” – wait…", "It's \"ready\" - wait..."), ("«\u{A0}Bonjour\u{202F}»", "\" Bonjour \""),
        ("10\u{A0}000\u{2009}FCFA", "10 000 FCFA"), ("cafe\u{301}", "caf\u{E9}"), ("5\u{2126}", "5\u{3A9}"),
        ("a\tb\u{2028}c\u{AD}d\u{FEFF}", "a b\ncd"), ("\u{2066}12\u{2069} €", "12 €"), ("a’\r\nb", "a'\r\nb"),
        // What would still not fit stays as it was, and what fits already is not touched.
        ("“Français”", "“Français”"), ("‘مرحبا’", "‘مرحبا’"), ("plain {€}", "plain {€}"), ("", ""), ("`ls`", "`ls`"),
    ])
    func `typographic characters become plain ones where that makes the text fit`(text: String, plain: String) {
        #expect(SMSText.transliterated(text).unicodeScalars.elementsEqual(plain.unicodeScalars))
    }

    @Test func `a transliteration fits or is the text, is its own, and never costs more`() throws {
        var random = SeededRandom()
        let pool: [String] = [
            "a", "B", "9", "€", "[", "é", "e\u{301}", "’", "“", "—", "…", "\u{A0}", "\u{200F}", "\u{2003}", "\r\n", "Ω",
        ]
        for round in 0..<400 {
            var text = ""
            for _ in 0..<Int.random(in: 0...200, using: &random) {
                text += try #require(pool.randomElement(using: &random))
            }
            let isFit = round % 3 != 0
            if !isFit { text += ["ç", "ا", "😀"].randomElement(using: &random) ?? "ç" }
            let plain = SMSText.transliterated(text)
            let note: Comment = "seed \(random.seed), round \(round)"
            #expect(SMSText.segments(plain).encoding == (isFit ? .gsm7 : .ucs2), note)
            #expect(isFit || plain.unicodeScalars.elementsEqual(text.unicodeScalars), note)
            #expect(SMSText.transliterated(plain) == plain, note)
            #expect(SMSText.segments(plain).count <= SMSText.segments(text).count, note)
        }
    }

    @Test func `a text that would take more messages in plain characters stays as it is`() {
        let dots = String(repeating: "…", count: 54)
        #expect(SMSText.segments(dots).count == 1)
        #expect(SMSText.transliterated(dots) == dots)
        #expect(SMSText.transliterated(String(dots.dropLast())) == String(repeating: "...", count: 53))
    }

    private static func units(_ text: String, _ encoding: SMSSegments.Encoding) -> Int {
        switch encoding {
        case .ucs2: text.utf16.count
        case .gsm7:
            text.unicodeScalars.reduce(0) { sum, scalar in sum + (extended.contains { $0.1 == scalar.value } ? 2 : 1) }
        }
    }
}
