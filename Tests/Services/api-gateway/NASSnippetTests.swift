import Domain
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct NASSnippetTests {
    private func snippet(_ name: String, _ identifier: String?, _ secret: String) -> NASSnippet {
        var nas = NAS.blank
        (nas.name, nas.identifier) = (name, identifier)
        return NASSnippet(nas: nas, secret: secret, server: "192.0.2.1", authPort: 1812, accountingPort: 1813)
    }

    private func lines(_ text: String) -> [String] {
        text.unicodeScalars.split(omittingEmptySubsequences: false) { $0.properties.isWhitespace && $0 != " " }
            .map { String(String.UnicodeScalarView($0)) }
    }

    /// The first words: what a console would do.
    private func commands(_ text: String) -> [String] {
        lines(text).map { $0.split(separator: " ").first.map(String.init) ?? "" }
    }

    @Test(.proves("RAD-07")) func `whatever people choose, the lines that are pasted stay what they are`() throws {
        var random = SeededRandom()
        let pieces = [
            "\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{202e}", "\u{0}", "\u{1b}[A", "\\", "\"", "$", "${x}",
            "$ENV{X}",
            "?", "!", "#", ";", "%h", " ", "key", "end", "ä", "]", "[:put 1]", "7 ", "'", "`", "\t", "\u{7f}",
        ]
        func text(_ count: Int) -> String {
            (0..<(1 + Int(random.next() % UInt64(count)))).map { _ in pieces[Int(random.next() % UInt64(pieces.count))]
            }
            .joined()
        }
        for round in 0..<500 {
            let (name, identifier, secret) = (text(8), text(4), text(8))
            for dialect in NASSnippet.Dialect.allCases {
                let plain = commands(try snippet("n", "i", "s").text(dialect))
                // Stored before the rules were, so the snippet holds by itself.
                guard let made = try? snippet(name, identifier, secret).text(dialect) else {
                    #expect(throws: NASSnippet.Unwritable.self) { try snippet("n", nil, secret).text(dialect) }
                    continue
                }
                let seen = commands(made)
                #expect(seen.count == plain.count, "round \(round): \(made)")
                for (left, right) in zip(seen, plain) {
                    #expect(left == right || left == "!" && dialect == .cisco, "round \(round): \(left)")
                }
                #expect(
                    made.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control },
                    "round \(round)"
                )
            }
        }
    }

    @Test func `a secret comes out of its quotes as it went in`() throws {
        var random = SeededRandom()
        for round in 0..<200 {
            let secret = String((0..<24).map { _ in Character(UnicodeScalar(UInt8(0x20 + random.next() % 95))) })
            let made = try snippet("n", nil, secret).text(.mikrotik)
            let rest = try #require(made.split(separator: "secret=\"", maxSplits: 1).last)
            var read = ""
            var characters = rest.makeIterator()
            while let character = characters.next(), character != "\"" {
                guard character == "\\" else {
                    read.append(character)
                    continue
                }
                guard let next = characters.next() else { break }
                // Two digits in hexadecimal.
                if next == "3" {
                    let digit = characters.next()
                    #expect(digit == "F")
                }
                read.append(next == "3" ? "?" : next)
            }
            #expect(read == secret, "round \(round)")
        }
        #expect(try snippet("n", nil, "7 abc").text(.cisco).contains(" key 0 7 abc\n"))
        #expect(throws: NASSnippet.Unwritable.self) { try snippet("n", nil, "what?").text(.cisco) }
        #expect(throws: NASSnippet.Unwritable.self) { try snippet("n", nil, "${x}").text(.freeradius) }
    }
}
