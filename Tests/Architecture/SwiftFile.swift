/// One Swift source with its comments and string contents blanked out, line by line.
struct SwiftFile {
    let path: String
    let lines: [String]
    /// The same lines with every character of a comment or string literal replaced by a blank.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var blanker = Blanker(Array(text.unicodeScalars))
        code = blanker.run().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The modules that this file imports, with their line numbers (from 1).
    var imports: [(module: String, line: Int)] {
        let modifiers = /\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|private|fileprivate)\s+)?/
        let kinds: Set = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
        return code.enumerated().compactMap { index, line in
            guard line.contains("import "), let start = line.prefixMatch(of: modifiers) else { return nil }
            let words = line[start.range.upperBound...].split { !($0.isLetter || $0.isNumber || $0 == "_") }
            guard words.count > 1, words[0] == "import" else { return nil }
            return (String(kinds.contains(String(words[1])) && words.count > 2 ? words[2] : words[1]), index + 1)
        }
    }

    /// Every function and initialiser with a body: the line of its first word and the number of lines to its brace.
    var functions: [(name: String, line: Int, length: Int)] {
        var scanner = FunctionScanner(code: code)
        return scanner.run()
    }
}

/// Replaces comments and the inside of string literals by blanks; keeps the line structure.
struct Blanker {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var output = String.UnicodeScalarView()

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    mutating func run() -> String {
        while position < scalars.count {
            if starts("//") {
                while position < scalars.count, scalars[position] != "\n" { blank() }
            } else if starts("/*") {
                blankComment()
            } else if scalars[position] == "\"" || (scalars[position] == "#" && rawStringDepth != nil) {
                blankString()
            } else {
                output.append(scalars[position])
                position += 1
            }
        }
        return String(output)
    }

    private func starts(_ text: String) -> Bool {
        var index = position
        for scalar in text.unicodeScalars {
            guard index < scalars.count, scalars[index] == scalar else { return false }
            index += 1
        }
        return true
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where position < scalars.count {
            output.append(scalars[position] == "\n" ? "\n" : " ")
            position += 1
        }
    }

    private mutating func blankComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                blank(2)
            } else if starts("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < scalars.count
    }

    /// The number of `#` before a quote at this position; nil where no string begins.
    private var rawStringDepth: Int? {
        var end = position
        while end < scalars.count, scalars[end] == "#" { end += 1 }
        return end < scalars.count && scalars[end] == "\"" ? end - position : nil
    }

    private mutating func blankString() {
        let depth = rawStringDepth ?? 0
        blank(depth)
        let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
        let hashes = String(repeating: "#", count: depth)
        blank(quotes.count)
        while position < scalars.count, !starts(quotes + hashes) {
            if starts("\\" + hashes) {
                blank(depth + 2)
            } else if quotes == "\"", scalars[position] == "\n" {
                return
            } else {
                blank()
            }
        }
        blank(quotes.count + depth)
    }
}

/// Finds function bodies in blanked code by matching braces.
struct FunctionScanner {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var line = 1

    init(code: [String]) { scalars = Array(code.joined(separator: "\n").unicodeScalars) }

    mutating func run() -> [(name: String, line: Int, length: Int)] {
        var found: [(name: String, line: Int, length: Int)] = []
        while let word = nextWord() {
            guard word == "func" || word == "init" || word == "deinit" else { continue }
            let resume = (position, line)
            let name = word == "func" ? nextWord() ?? word : word
            let start = resume.1
            if skipSignature(), let end = lineOfClosingBrace() { found.append((name, start, end - start + 1)) }
            (position, line) = resume
        }
        return found
    }

    private mutating func advance() {
        if scalars[position] == "\n" { line += 1 }
        position += 1
    }

    private func isWord(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic || scalar == "_" }

    /// The next word; one after a dot (`self.init`) is a use, not a declaration, and is passed over.
    private mutating func nextWord() -> String? {
        while position < scalars.count {
            guard isWord(scalars[position]) else {
                advance()
                continue
            }
            let isUse = position > 0 && scalars[position - 1] == "."
            var word = String.UnicodeScalarView()
            while position < scalars.count, isWord(scalars[position]) || ("0"..."9").contains(scalars[position]) {
                word.append(scalars[position])
                advance()
            }
            if !isUse { return String(word) }
        }
        return nil
    }

    /// Moves to the brace that opens the body; false for a requirement of a protocol, which has none.
    private mutating func skipSignature() -> Bool {
        var depth = 0
        var word = ""
        while position < scalars.count {
            let scalar = scalars[position]
            switch scalar {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return true
            case "}" where depth == 0: return false
            default: break
            }
            if isWord(scalar) {
                word.unicodeScalars.append(scalar)
            } else {
                if depth == 0, Self.declarations.contains(word) { return false }
                word = ""
            }
            advance()
        }
        return false
    }

    private static let declarations: Set = [
        "func", "var", "let", "init", "case", "static", "mutating", "associatedtype", "struct", "enum", "class",
        "extension",
    ]

    private mutating func lineOfClosingBrace() -> Int? {
        var depth = 0
        while position < scalars.count {
            if scalars[position] == "{" { depth += 1 }
            if scalars[position] == "}" { depth -= 1 }
            if depth == 0 { return line }
            advance()
        }
        return nil
    }
}
