import SharedTesting
import Testing

@testable import GraphQL

@Suite struct LexerTests {
    private func tokens(_ text: String) throws -> [Token.Kind] {
        var lexer = Lexer(Source(text))
        var tokens: [Token.Kind] = []
        while true {
            let token = try lexer.next()
            if token.kind == .end { return tokens }
            tokens.append(token.kind)
        }
    }

    @Test(.proves("API-09")) func `names, punctuators and numbers are read as the grammar has them`() throws {
        #expect(try tokens("a_1 _B") == [.name("a_1"), .name("_B")])
        let punctuators = "!$&():=@[]{|}"
        #expect(try tokens(punctuators) == punctuators.utf8.map { .punctuator($0) })
        #expect(try tokens("...") == [.spread])
        #expect(try tokens("\u{FEFF} a,\t,b\r\n#c } \"\r,,# d") == [.name("a"), .name("b")])
        for text in ["0", "-0", "9", "-10", "123"] { #expect(try tokens(text) == [.int(text)], "\(text)") }
        for text in ["0.0", "-1.25", "6.0221413e23", "1e5", "0E-1", "1.5E+3"] {
            #expect(try tokens(text) == [.float(text)], "\(text)")
        }
        // What begins and is none (§2.9.1, §2.9.2), nor may anything go on with it.
        for text in [
            "00", "01", "+1", "-", "-A", "1.", ".1", "1.A", "1e", "1e+", "1.e1", "0x1", "1a", "1_", "1.5.1", "0xF",
            "1.0a",
            "1e5.1",
        ] {
            #expect(throws: GraphQLError.self, "\(text)") { try tokens(text) }
        }
        for text in ["..", ". . .", "?", "a ~", "\u{7}", "é", "'a'", "%", "a;b", "^"] {
            #expect(throws: GraphQLError.self, "\(text)") { try tokens(text) }
        }
    }

    @Test(.proves("API-09")) func `strings have their escapes resolved, blocks their indentation taken away`() throws {
        let strings = [
            "\"\"": "", "\"simple\"": "simple", "\" white \"": " white ", "\"q \\\"\"": "q \"",
            #""\b\f\n\r\t\\\/""#: "\u{8}\u{C}\n\r\t\\/", #""\u00e9\u1234""#: "\u{E9}\u{1234}",
            #""\uD83D\uDC15""#: "\u{1F415}", "\"\t\u{1F415}\"": "\t\u{1F415}",
            "\"\"\"\"\"\"": "", "\"\"\"block\"\"\"": "block", "\"\"\"a \" b\"\"\"": "a \" b",
            "\"\"\"contains \\\"\"\" triple\"\"\"": "contains \"\"\" triple",
            "\"\"\"\n    Hello,\n      World!\n\n    Yours\n  \"\"\"": "Hello,\n  World!\n\nYours",
            "\"\"\"one\r\n  two\r  three\n\"\"\"": "one\ntwo\nthree", "\"\"\"\\n\\u00e9\"\"\"": #"\n\u00e9"#,
            "\"\"\"\n\n \n\"\"\"": "",
        ]
        for (text, value) in strings {
            #expect(try tokens(text) == [.string(value)], "\(text)")
        }
        for text in [
            "\"", "\"a", "\"a\nb\"", "\"a\rb\"", #""\x""#, #""\u12""#, #""\u12G4""#, #""\uD83D""#, #""\uD83Dx""#,
            #""\uD83D\u0041""#, #""\uDC15""#, #""\u{41}""#, "\"\u{0}\"", "\"\u{1F}\"", "\"\"\"", "\"\"\"a\"\"",
            "\"\"\"\u{7}\"\"\"", "\"\\",
        ] {
            #expect(throws: GraphQLError.self, "\(text)") { try tokens(text) }
        }
    }

    @Test func `an error says line and column, counted in characters from 1`() {
        func location(_ text: String) -> GraphQLLocation? {
            var lexer = Lexer(Source(text))
            do throws(GraphQLError) {
                while try lexer.next().kind != .end {}
                return nil
            } catch {
                return error.locations.first
            }
        }
        #expect(location("?") == GraphQLLocation(line: 1, column: 1))
        #expect(location("a\n  ?") == GraphQLLocation(line: 2, column: 3))
        #expect(location("a\r\n\r ?") == GraphQLLocation(line: 3, column: 2))
        #expect(location("\"\u{E9}\u{1F415}\" ?") == GraphQLLocation(line: 1, column: 6))
        #expect(location("#\n#\n\n\n    \"") == GraphQLLocation(line: 5, column: 5))
    }
}
