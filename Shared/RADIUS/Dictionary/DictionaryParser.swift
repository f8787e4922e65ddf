/// Reads a dictionary in the format of FreeRADIUS 3.2 (its manual page `dictionary(5)`), beginning with one file and
/// following its includes. Pure: files come from the reader it is given.
struct DictionaryParser {
    private let read: DictionaryReader
    private let limits: DictionaryLimits
    private var builder: DictionaryBuilder
    /// The files being read, the outermost first.
    private var open: [String] = []
    private var files = 0
    private var octets = 0
    private var lateValues: [LateValue] = []

    /// A VALUE line before its ATTRIBUTE line.
    private struct LateValue {
        let file: String
        let line: Int
        let attribute: String
        let name: String
        let number: UInt64
    }

    /// What a file's lines have opened.
    private struct Blocks {
        var scope = DictionaryScope.standard
        /// The words of the blocks around, with the scopes outside them.
        var open: [(keyword: String, name: String, outside: Int32)] = []
    }

    init(limits: DictionaryLimits, read: @escaping DictionaryReader) {
        self.read = read
        self.limits = limits
        builder = DictionaryBuilder(limits: limits)
    }

    /// The dictionary that begins with that file.
    mutating func parse(_ name: String) throws(DictionaryError) -> AttributeDictionary {
        guard let path = Self.resolve(name, in: []) else {
            throw DictionaryError(file: name, line: 0, problem: .includeOutside(name))
        }
        try parse(path, isOptional: false, includedFrom: (path, 0))
        var warnings: [DictionaryError] = []
        for late in lateValues {
            do throws(DictionaryError.Problem) {
                guard try !builder.addValue(late.attribute, late.name, late.number) else { continue }
            } catch {
                throw DictionaryError(file: late.file, line: late.line, problem: error)
            }
            let problem = DictionaryError.Problem.unknownAttribute(late.attribute)
            warnings.append(DictionaryError(file: late.file, line: late.line, problem: problem))
        }
        return AttributeDictionary(builder.storage, warnings: warnings)
    }

    // MARK: - Files

    private mutating func parse(
        _ name: String,
        isOptional: Bool,
        includedFrom place: (file: String, line: Int)
    ) throws(DictionaryError) {
        func failure(_ problem: DictionaryError.Problem) -> DictionaryError {
            DictionaryError(file: place.file, line: place.line, problem: problem)
        }
        guard !open.contains(name) else { throw failure(.includeCycle(name)) }
        guard open.count < limits.includes else { throw failure(.includeTooDeep) }
        files += 1
        guard files <= limits.files else { throw failure(.tooLarge("more than \(limits.files) files")) }
        let bytes: [UInt8]
        switch read(name, limits.octets - octets + 1) {
        case .contents(let contents): bytes = contents
        case .missing where isOptional: return
        case .missing: throw failure(.missing(name))
        case .unreadable(let reason): throw failure(.unreadable(name, reason))
        }
        octets += bytes.count
        guard octets <= limits.octets else { throw failure(.tooLarge("more than \(limits.octets) octets")) }
        open.append(name)
        var blocks = Blocks()
        var line = 0
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            line += 1
            try parse(bytes[start..<end], in: &blocks, file: name, line: line)
            start = end + 1
        }
        if let block = blocks.open.last {
            throw DictionaryError(file: name, line: line, problem: .notClosed("BEGIN-\(block.keyword) \(block.name)"))
        }
        open.removeLast()
    }

    /// The name within the folder that `name` means in a file of `folder`; nil when it leads out of it.
    private static func resolve(_ name: String, in folder: [Substring]) -> String? {
        guard !name.hasPrefix("/"), !name.utf8.contains(0) else { return nil }
        var parts = folder
        for part in name.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard !parts.isEmpty else { return nil }
                parts.removeLast()
            default: parts.append(part)
            }
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    // MARK: - Lines

    private mutating func parse(
        _ bytes: ArraySlice<UInt8>,
        in blocks: inout Blocks,
        file: String,
        line: Int
    ) throws(DictionaryError) {
        guard bytes.count <= limits.lineOctets else {
            let problem = DictionaryError.Problem.tooLarge("a line of more than \(limits.lineOctets) octets")
            throw DictionaryError(file: file, line: line, problem: problem)
        }
        guard let words = DictionaryLine(bytes)?.words else {
            throw DictionaryError(file: file, line: line, problem: .badText)
        }
        guard let keyword = words.first?.uppercased() else { return }
        if keyword == "$INCLUDE" || keyword == "$INCLUDE-" {
            return try include(words, isOptional: keyword.hasSuffix("-"), file, line)
        }
        let problem: DictionaryError.Problem
        do throws(DictionaryError.Problem) {
            switch keyword {
            case "VALUE": return try value(words, file, line)
            case "ATTRIBUTE": return try attribute(words, in: blocks.scope)
            case "VENDOR": return try vendor(words)
            case "BEGIN-VENDOR": return try beginVendor(words, &blocks)
            case "BEGIN-TLV": return try beginTLV(words, &blocks)
            case "END-VENDOR", "END-TLV": return try end(words, String(keyword.dropFirst(4)), &blocks)
            default: throw .unknownKeyword(words[0])
            }
        } catch {
            problem = error
        }
        throw DictionaryError(file: file, line: line, problem: problem)
    }

    private mutating func include(
        _ words: [String],
        isOptional: Bool,
        _ file: String,
        _ line: Int
    ) throws(DictionaryError) {
        guard words.count == 2 else {
            throw DictionaryError(file: file, line: line, problem: .wordCount("$INCLUDE FILE"))
        }
        let folder = file.split(separator: "/").dropLast()
        guard let name = Self.resolve(words[1], in: Array(folder)) else {
            throw DictionaryError(file: file, line: line, problem: .includeOutside(words[1]))
        }
        try parse(name, isOptional: isOptional, includedFrom: (file, line))
    }

    private mutating func vendor(_ words: [String]) throws(DictionaryError.Problem) {
        guard words.count == 3 || words.count == 4 else { throw .wordCount("VENDOR NAME NUMBER [format=T,L[,c]]") }
        guard let number = DictionaryLine.number(words[2][...]) else { throw .badNumber(words[2]) }
        let format = words.count == 4 ? try DictionaryWords.vendorFormat(words[3]) : .standard
        try builder.addVendor(words[1], number, format)
    }

    private mutating func attribute(_ words: [String], in scope: Int32) throws(DictionaryError.Problem) {
        guard words.count >= 4, words.count <= 12 else { throw .wordCount("ATTRIBUTE NAME NUMBER TYPE [FLAG,...]") }
        guard let path = DictionaryLine.codes(words[2][...]) else { throw .badNumber(words[2]) }
        var scope = scope
        var shape = try DictionaryWords.shape(words[3])
        for word in words[4...] {
            if words.count == 5, scope == DictionaryScope.standard, builder.isVendor(word) {
                scope = try builder.scope(ofVendor: word, within: nil)
            } else {
                try DictionaryWords.add(flags: word, to: &shape)
            }
        }
        try builder.addAttribute(words[1], path: path, in: scope, shape)
    }

    private mutating func value(_ words: [String], _ file: String, _ line: Int) throws(DictionaryError.Problem) {
        guard words.count == 4 else { throw .wordCount("VALUE ATTRIBUTE NAME NUMBER") }
        guard let number = DictionaryLine.number(words[3][...]) else { throw .badNumber(words[3]) }
        guard try !builder.addValue(words[1], words[2], number) else { return }
        guard lateValues.count < limits.definitions else { throw .tooLarge("VALUE lines before their ATTRIBUTE") }
        lateValues.append(
            LateValue(file: file, line: line, attribute: words[1], name: words[2], number: number)
        )
    }

    // MARK: - Blocks

    private mutating func beginVendor(_ words: [String], _ blocks: inout Blocks) throws(DictionaryError.Problem) {
        guard words.count == 2 || words.count == 3 else { throw .wordCount("BEGIN-VENDOR NAME [format=ATTRIBUTE]") }
        guard blocks.open.isEmpty else { throw .notClosed("BEGIN-\(blocks.open[0].keyword) \(blocks.open[0].name)") }
        var container: String?
        if words.count == 3 {
            guard let prefix = ["format=", "parent="].first(where: words[2].hasPrefix) else {
                throw .unknownFormat(words[2])
            }
            container = String(words[2].dropFirst(prefix.count))
        }
        let scope = try builder.scope(ofVendor: words[1], within: container)
        blocks.open.append(("VENDOR", words[1], blocks.scope))
        blocks.scope = scope
    }

    private mutating func beginTLV(_ words: [String], _ blocks: inout Blocks) throws(DictionaryError.Problem) {
        guard words.count == 2 else { throw .wordCount("BEGIN-TLV ATTRIBUTE") }
        guard blocks.open.count <= limits.nesting else { throw .nestedTooDeep }
        let scope = try builder.scope(ofTLV: words[1])
        blocks.open.append(("TLV", words[1], blocks.scope))
        blocks.scope = scope
    }

    private func end(
        _ words: [String],
        _ keyword: String,
        _ blocks: inout Blocks
    ) throws(DictionaryError.Problem) {
        guard words.count == 2 else { throw .wordCount("END-\(keyword) NAME") }
        guard let block = blocks.open.last, block.keyword == keyword,
            block.name.asciiLowercased == words[1].asciiLowercased
        else { throw .notOpen("END-\(keyword) \(words[1])") }
        blocks.open.removeLast()
        blocks.scope = block.outside
    }
}
