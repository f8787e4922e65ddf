/// A lexical token (§2.1.6).
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// `!`, `$`, `&`, `(`, `)`, `:`, `=`, `@`, `[`, `]`, `{`, `|`, `}`.
        case punctuator(UInt8)
        /// `...`.
        case spread
        case name(String)
        /// As they were written.
        case int(String)
        case float(String)
        /// Escapes resolved.
        case string(String)
        case end

        /// For messages; never a value.
        var description: String {
            switch self {
            case .punctuator(let octet): "\"\(Character(Unicode.Scalar(octet)))\""
            case .spread: "\"...\""
            case .name(let name): "name \(name.prefix(100))"
            case .int, .float: "a number"
            case .string: "a string"
            case .end: "the end"
            }
        }
    }

    let kind: Kind
    /// Where it begins.
    let offset: Int
}

/// Cuts a document into tokens; what means nothing (§2.1.7) lies between them.
struct Lexer {
    let source: Source
    private(set) var position = 0

    private var octets: [UInt8] { source.octets }

    init(_ source: Source) {
        self.source = source
    }

    /// The next token; `.end` behind the last one.
    mutating func next() throws(GraphQLError) -> Token {
        skipIgnored()
        let start = position
        guard let octet = peek(0) else { return Token(kind: .end, offset: start) }
        switch octet {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "@"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
            position += 1
            return Token(kind: .punctuator(octet), offset: start)
        case UInt8(ascii: "."):
            guard peek(1) == octet, peek(2) == octet else { throw source.error("Unexpected \".\".", at: start) }
            position += 3
            return Token(kind: .spread, offset: start)
        case UInt8(ascii: "\""): return Token(kind: .string(try string()), offset: start)
        case UInt8(ascii: "-"),
            _ where Self.isDigit(octet):
            return Token(kind: try number(), offset: start)
        case _ where Self.startsName(octet): return Token(kind: .name(name()), offset: start)
        default: throw source.error("Unexpected character.", at: start)
        }
    }

    private func peek(_ ahead: Int) -> UInt8? {
        position + ahead < octets.count ? octets[position + ahead] : nil
    }

    /// Blanks, line ends, commas, comments, and a byte order mark.
    private mutating func skipIgnored() {
        while let octet = peek(0) {
            switch octet {
            case 0x09, 0x0A, 0x0D, 0x20, UInt8(ascii: ","): position += 1
            case UInt8(ascii: "#"):
                while let octet = peek(0), octet != 0x0A, octet != 0x0D { position += 1 }
            case 0xEF where peek(1) == 0xBB && peek(2) == 0xBF: position += 3
            default: return
            }
        }
    }

    private mutating func name() -> String {
        let start = position
        while let octet = peek(0), Self.startsName(octet) || Self.isDigit(octet) { position += 1 }
        return String(decoding: octets[start..<position], as: UTF8.self)
    }

    // MARK: - Numbers

    /// §2.9.1 and §2.9.2: nothing that could go on with it follows.
    private mutating func number() throws(GraphQLError) -> Token.Kind {
        let start = position
        if peek(0) == UInt8(ascii: "-") { position += 1 }
        if peek(0) == UInt8(ascii: "0") { position += 1 } else { try digits() }
        var isFloat = false
        if peek(0) == UInt8(ascii: ".") {
            isFloat = true
            position += 1
            try digits()
        }
        if let octet = peek(0), octet | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            position += 1
            if peek(0) == UInt8(ascii: "+") || peek(0) == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        if let octet = peek(0), octet == UInt8(ascii: ".") || Self.isDigit(octet) || Self.startsName(octet) {
            throw source.error("Malformed number.", at: position)
        }
        let text = String(decoding: octets[start..<position], as: UTF8.self)
        return isFloat ? .float(text) : .int(text)
    }

    private mutating func digits() throws(GraphQLError) {
        guard let octet = peek(0), Self.isDigit(octet) else { throw source.error("Malformed number.", at: position) }
        while let octet = peek(0), Self.isDigit(octet) { position += 1 }
    }

    // MARK: - Strings

    private mutating func string() throws(GraphQLError) -> String {
        let start = position
        position += 1
        if peek(0) == UInt8(ascii: "\""), peek(1) == UInt8(ascii: "\"") {
            position += 2
            return try blockString(start)
        }
        var text: [UInt8] = []
        while let octet = peek(0) {
            switch octet {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escape()
            case 0x0A, 0x0D: throw source.error("A string without end.", at: start)
            default:
                try refuseControl(octet)
                text.append(octet)
                position += 1
            }
        }
        throw source.error("A string without end.", at: start)
    }

    private func refuseControl(_ octet: UInt8) throws(GraphQLError) {
        guard octet >= 0x20 || octet == 0x09 else {
            throw source.error("A control character in a string.", at: position)
        }
    }

    private mutating func escape() throws(GraphQLError) -> [UInt8] {
        let start = position
        position += 2
        switch octets[start...].dropFirst().first {
        case UInt8(ascii: "\""): return [0x22]
        case UInt8(ascii: "\\"): return [0x5C]
        case UInt8(ascii: "/"): return [0x2F]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            guard let unit = codeUnit() else { break }
            var scalar = Unicode.Scalar(UInt32(unit))
            if UTF16.isLeadSurrogate(unit), peek(0) == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") {
                position += 2
                if let trail = codeUnit(), UTF16.isTrailSurrogate(trail) {
                    scalar = Unicode.Scalar((UInt32(unit) - 0xD800) << 10 + UInt32(trail) - 0xDC00 + 0x1_0000)
                }
            }
            guard let scalar else { break }
            return Array(String(Character(scalar)).utf8)
        default: break
        }
        throw source.error("Malformed escape.", at: start)
    }

    /// Four hexadecimal digits.
    private mutating func codeUnit() -> UInt16? {
        guard position + 4 <= octets.count else { return nil }
        var unit: UInt16 = 0
        for octet in octets[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(octet)).hexDigitValue, octet < 0x80 else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }

    private mutating func blockString(_ start: Int) throws(GraphQLError) -> String {
        var raw: [UInt8] = []
        func quotes(_ ahead: Int) -> Bool { (0..<3).allSatisfy { peek(ahead + $0) == UInt8(ascii: "\"") } }
        while let octet = peek(0) {
            if quotes(0) {
                position += 3
                return Self.blockValue(raw)
            }
            if octet == UInt8(ascii: "\\"), quotes(1) {
                raw += [0x22, 0x22, 0x22]
                position += 4
                continue
            }
            if octet != 0x0A, octet != 0x0D { try refuseControl(octet) }
            raw.append(octet)
            position += 1
        }
        throw source.error("A string without end.", at: start)
    }

    /// BlockStringValue of §2.9.4: without the indentation that all lines but the first share, and without blank
    /// lines around.
    private static func blockValue(_ raw: [UInt8]) -> String {
        var lines: [[UInt8]] = [[]]
        for (index, octet) in raw.enumerated() {
            switch octet {
            case 0x0A where index > 0 && raw[index - 1] == 0x0D: break
            case 0x0A, 0x0D: lines.append([])
            default: lines[lines.count - 1].append(octet)
            }
        }
        func indent(_ line: [UInt8]) -> Int { line.prefix { $0 == 0x20 || $0 == 0x09 }.count }
        let common = lines.dropFirst().filter { indent($0) < $0.count }.map(indent).min() ?? 0
        for index in lines.indices.dropFirst() { lines[index].removeFirst(min(common, lines[index].count)) }
        func isBlank(_ line: [UInt8]) -> Bool { indent(line) == line.count }
        let trimmed = lines.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        return String(decoding: Array(trimmed.joined(separator: [0x0A])), as: UTF8.self)
    }

    // MARK: - Characters

    private static func isDigit(_ octet: UInt8) -> Bool { octet &- 0x30 < 10 }
    private static func startsName(_ octet: UInt8) -> Bool { octet == 0x5F || (octet | 0x20) &- 0x61 < 26 }
}
