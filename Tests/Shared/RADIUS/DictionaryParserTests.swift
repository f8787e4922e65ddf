import RADIUS
import SharedTesting
import Testing

@Suite struct DictionaryParserTests {
    private static let sample = """
        # comment
        VENDOR Acme 0x10 format=2,1 # sixteen
        VENDOR Far 32473
        attribute One 1 string
        ATTRIBUTE Outer 0xF1 extended
        ATTRIBUTE Outer-EVS 241.26 evs
        ATTRIBUTE Inner 241.2 tlv
        ATTRIBUTE Leaf 241.2.010 integer
        VALUE Leaf Late 0x10
        VALUE Later Zero 0
        BEGIN-VENDOR Acme
        ATTRIBUTE Acme-Box 0x0101 tlv
        BEGIN-TLV Acme-Box
        ATTRIBUTE Acme-Secret 3 octets[16] encrypt=Tunnel-Password
        END-TLV Acme-Box
        ATTRIBUTE Later 258 short
        END-VENDOR Acme
        BEGIN-VENDOR Far format=Outer-EVS
        ATTRIBUTE Far-Thing 7 UINT64
        END-VENDOR Far
        ATTRIBUTE Old-Style 9 ipaddr Far
        ATTRIBUTE Word 2 string has_tag,encrypt=2
        """

    @Test(.proves("RAD-19")) func `every kind of line is understood`() throws {
        let dictionary = try AttributeDictionary(text: Self.sample)
        func number(_ name: String) throws -> String {
            dictionary.number(of: try #require(dictionary.attribute(named: name)))
        }
        #expect(try number("ONE") == "1")
        #expect(try number("leaf") == "241.2.8")
        #expect(try number("Acme-Secret") == "26.16.257.3")
        #expect(try number("Far-Thing") == "241.26.32473.7")
        #expect(try number("Old-Style") == "26.32473.9")
        let secret = try #require(dictionary.attribute(at: [26, 16, 257, 3]))
        #expect(secret.name == "Acme-Secret" && secret.length == 16 && secret.hiding == .salted)
        let leaf = try #require(dictionary.attribute(named: "Leaf"))
        #expect(dictionary.name(of: 16, of: leaf) == "Late" && dictionary.number(named: "LATE", of: leaf) == 16)
        #expect(dictionary.values(of: leaf).map(\.name) == ["Late"])
        let far = try #require(dictionary.attribute(at: [241, 26, 32473, 7]))
        #expect(far.type == .integer64 && dictionary.vendor(of: far)?.name == "Far")
        #expect(dictionary.vendor(of: leaf) == nil)
        #expect(dictionary.vendor(16)?.format.text == "2,1" && dictionary.vendor(named: "acme")?.number == 16)
        let word = try #require(dictionary.attribute(named: "Word"))
        #expect(word.flags == .tagged && word.hiding == .salted && word.flags.names == ["has_tag"])
    }

    @Test func `of several names for one number all are known and the last is told`() throws {
        let dictionary = try AttributeDictionary(
            text: """
                ATTRIBUTE First 1 string
                ATTRIBUTE Second 1 integer
                VALUE Second A 1
                VALUE Second B 1
                ATTRIBUTE second 1 integer
                """
        )
        #expect(dictionary.attribute(named: "First")?.type == .string)
        #expect(dictionary.attribute(at: [1])?.name == "second")
        let second = try #require(dictionary.attribute(named: "SECOND"))
        #expect(second.type == .integer)
        let codec = AttributeCodec(dictionary)
        #expect(codec.decode([Attribute(1, 5)]) == [AttributePair("second", "5")])
    }

    @Test(
        .proves("RAD-19"),
        arguments: [
            ("WHAT 1", "1: unknown keyword \"WHAT\""),
            ("\n\nATTRIBUTE A", "3: expected: ATTRIBUTE NAME NUMBER TYPE [FLAG,...]"),
            ("ATTRIBUTE A x string", "1: \"x\" is no number"),
            ("ATTRIBUTE A 09 string", "1: \"09\" is no number"),
            ("ATTRIBUTE A 1.99999999999 string", "1: \"1.99999999999\" is no number"),
            ("ATTRIBUTE A 1..2 string", "1: \"1..2\" is no number"),
            ("ATTRIBUTE A 65536 string", "1: 65536 is too large here"),
            ("ATTRIBUTE A 1 strong", "1: unknown type \"strong\""),
            ("ATTRIBUTE A 1 octets[0]", "1: \"0\" is no number"),
            ("ATTRIBUTE A 1 octets[999]", "1: \"999\" is no number"),
            ("ATTRIBUTE A 1 string shiny", "1: unknown flag \"shiny\""),
            ("ATTRIBUTE A 1 string encrypt=4", "1: unknown flag \"encrypt=4\""),
            ("ATTRIBUTE A 1 ipaddr has_tag", "1: the flags of \"A\" do not go with its type or each other"),
            ("ATTRIBUTE A 1 tlv encrypt=2", "1: the flags of \"A\" do not go with its type or each other"),
            ("ATTRIBUTE Attr-1 1 string", "1: \"Attr-1\" is no name"),
            ("ATTRIBUTE \u{e9} 1 string", "1: \"\u{e9}\" is no name"),
            ("ATTRIBUTE A 1 string\nATTRIBUTE a 2 string", "2: attribute \"a\" has another number already"),
            ("ATTRIBUTE A 1.1 string", "1: unknown attribute \"1\""),
            ("ATTRIBUTE A 1 string\nATTRIBUTE B 1.1 string", "2: no attributes stand within \"A\""),
            ("ATTRIBUTE A 241 extended\nATTRIBUTE B 241.256 byte", "2: 256 is too large here"),
            ("ATTRIBUTE A 26.9.1 string", "1: unknown vendor \"9\""),
            ("VALUE A B 1\nATTRIBUTE A 1 ipaddr", "1: the numbers of \"A\" have no names"),
            ("ATTRIBUTE A 1 byte\nVALUE A B 256", "2: 256 is too large here"),
            ("ATTRIBUTE A 1 ipaddr\nVALUE A B 1", "2: the numbers of \"A\" have no names"),
            ("ATTRIBUTE A 1 byte\nVALUE A B 1\nVALUE A b 2", "3: value \"b\" has another number already"),
            ("VENDOR A 0", "1: 0 is too large here"),
            ("VENDOR A 9 format=3,1", "1: unknown format \"format=3,1\""),
            ("VENDOR A 9 format=2,2,c", "1: unknown format \"format=2,2,c\""),
            ("VENDOR A 9\nVENDOR a 10", "2: vendor \"a\" has another number or format already"),
            ("VENDOR A 9\nVENDOR B 9 format=2,1", "2: vendor \"B\" has another number or format already"),
            ("BEGIN-VENDOR A", "1: unknown vendor \"A\""),
            ("VENDOR A 9\nBEGIN-VENDOR A", "2: BEGIN-VENDOR A without its end"),
            ("VENDOR A 9\nBEGIN-VENDOR A\nBEGIN-VENDOR A", "3: BEGIN-VENDOR A without its end"),
            ("VENDOR A 9\nBEGIN-VENDOR A\nEND-VENDOR B", "3: END-VENDOR B without its beginning"),
            ("VENDOR A 9\nBEGIN-VENDOR A\nATTRIBUTE B 256 byte", "3: 256 is too large here"),
            ("ATTRIBUTE A 1 byte\nBEGIN-TLV A", "2: no attributes stand within \"A\""),
            ("END-TLV A", "1: END-TLV A without its beginning"),
            ("$INCLUDE nowhere", "1: there is no \"nowhere\""),
            ("$INCLUDE /etc/passwd", "1: \"/etc/passwd\" is outside the dictionary's folder"),
            ("$INCLUDE ../x", "1: \"../x\" is outside the dictionary's folder"),
            ("$INCLUDE a/../../x", "1: \"a/../../x\" is outside the dictionary's folder"),
            ("$INCLUDE ./dictionary", "1: \"dictionary\" includes itself"),
        ]
    )
    func `a bad line is refused with its file, its number and the reason`(text: String, problem: String) {
        #expect(Dictionaries.error(["dictionary": text]) == "dictionary:" + problem)
    }

    @Test func `names for the numbers of an attribute that never comes are left out with a warning`() throws {
        let dictionary = try AttributeDictionary(text: "VALUE Nobody A 1\nATTRIBUTE One 1 integer\nVALUE One B 2")
        #expect(dictionary.warnings.map(\.description) == ["dictionary:1: unknown attribute \"Nobody\""])
        #expect(dictionary.values.map(\.name) == ["B"])
    }

    @Test func `octets that are no text are refused with their line`() {
        let bytes = Array("ATTRIBUTE A 1 string\n".utf8) + [0xFF, 0xFE]
        let error = #expect(throws: DictionaryError.self) { try AttributeDictionary { _, _ in .contents(bytes) } }
        #expect(error?.description == "dictionary:2: the line is no UTF-8 text")
    }

    @Test(.proves("RAD-19")) func `includes are followed within the folder, and optional ones may be missing`() throws {
        let files = [
            "dictionary": "$INCLUDE sub/one\n$INCLUDE- nowhere\n$include two",
            "sub/one": "$INCLUDE ../two\n$INCLUDE three", "two": "ATTRIBUTE Two 2 string",
            "sub/three": "ATTRIBUTE Three 3 string",
        ]
        let dictionary = try AttributeDictionary(read: Dictionaries.reader(files))
        #expect(dictionary.attribute(named: "two") != nil && dictionary.attribute(named: "three") != nil)
        let cycle = ["dictionary": "\n$INCLUDE a/b", "a/b": "$INCLUDE ../c", "c": "$INCLUDE a/b"]
        #expect(Dictionaries.error(cycle) == "c:1: \"a/b\" includes itself")
        let unreadable = #expect(throws: DictionaryError.self) { try AttributeDictionary { _, _ in .unreadable("no") } }
        #expect(unreadable?.description == "dictionary:0: \"dictionary\" cannot be read: no")
    }

    @Test func `depth, size and number are bounded`() {
        var deep: [String: String] = ["dictionary": "$INCLUDE 1"]
        for index in 1..<20 { deep["\(index)"] = "$INCLUDE \(index + 1)" }
        #expect(Dictionaries.error(deep) == "7:1: files include one another too deeply")
        let many = ["dictionary": String(repeating: "$INCLUDE a\n", count: 3_000), "a": ""]
        #expect(Dictionaries.error(many) == "dictionary:2000: too large: more than 2000 files")
        var limits = DictionaryLimits()
        limits.octets = 30
        let large = Dictionaries.error(["dictionary": "ATTRIBUTE A 1 string\n$INCLUDE a", "a": ""], limits: limits)
        #expect(large == "dictionary:0: too large: more than 30 octets")
        limits.octets = 1000
        limits.definitions = 1
        let full = ["dictionary": "ATTRIBUTE A 1 string\nATTRIBUTE B 2 string"]
        #expect(Dictionaries.error(full, limits: limits) == "dictionary:2: too large: more than 1 definitions")
        let long = ["dictionary": "# " + String(repeating: "x", count: 2_000)]
        #expect(Dictionaries.error(long) == "dictionary:1: too large: a line of more than 1024 octets")
        var nested = "ATTRIBUTE N1 1 tlv\n"
        for depth in 2...12 {
            let path = String(repeating: "1.", count: depth - 1) + "1"
            nested += "ATTRIBUTE N\(depth) \(path) tlv\n"
        }
        #expect(Dictionaries.error(["dictionary": nested]) == "dictionary:10: attributes are nested too deeply")
    }
}
