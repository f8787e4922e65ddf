/// Why a dictionary cannot be used, and where.
package struct DictionaryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file's name within the dictionary's folder.
    package let file: String
    /// The line, counted from 1; 0 where the file as a whole is meant.
    package let line: Int
    /// What is wrong.
    package let problem: Problem

    /// As compilers write it: `file:line: what is wrong`.
    package var description: String { "\(file):\(line): \(problem.text)" }

    /// What is wrong with a line. Texts in quotes come from the file.
    package enum Problem: Error, Equatable, Sendable {
        case missing(String)
        case unreadable(String, String)
        case includeOutside(String)
        case includeCycle(String)
        case includeTooDeep
        case tooLarge(String)
        case badText
        case unknownKeyword(String)
        case wordCount(String)
        case badName(String)
        case badNumber(String)
        case outOfRange(String)
        case unknownType(String)
        case unknownFlag(String)
        case unknownFormat(String)
        case unknownVendor(String)
        case unknownAttribute(String)
        case noContainer(String)
        case nestedTooDeep
        case attributeRedefined(String)
        case vendorRedefined(String)
        case valueRedefined(String)
        case noValues(String)
        case flagsConflict(String)
        case notOpen(String)
        case notClosed(String)

        /// One sentence about it.
        package var text: String {
            switch self {
            case .missing(let name): "there is no \"\(name)\""
            case .unreadable(let name, let reason): "\"\(name)\" cannot be read: \(reason)"
            case .includeOutside(let name): "\"\(name)\" is outside the dictionary's folder"
            case .includeCycle(let name): "\"\(name)\" includes itself"
            case .includeTooDeep: "files include one another too deeply"
            case .tooLarge(let what): "too large: \(what)"
            case .badText: "the line is no UTF-8 text"
            case .unknownKeyword(let word): "unknown keyword \"\(word)\""
            case .wordCount(let usage): "expected: \(usage)"
            case .badName(let name): "\"\(name)\" is no name"
            case .badNumber(let text): "\"\(text)\" is no number"
            case .outOfRange(let text): "\(text) is too large here"
            case .unknownType(let name): "unknown type \"\(name)\""
            case .unknownFlag(let name): "unknown flag \"\(name)\""
            case .unknownFormat(let text): "unknown format \"\(text)\""
            case .unknownVendor(let name): "unknown vendor \"\(name)\""
            case .unknownAttribute(let name): "unknown attribute \"\(name)\""
            case .noContainer(let name): "no attributes stand within \"\(name)\""
            case .nestedTooDeep: "attributes are nested too deeply"
            case .attributeRedefined(let name): "attribute \"\(name)\" has another number already"
            case .vendorRedefined(let name): "vendor \"\(name)\" has another number or format already"
            case .valueRedefined(let name): "value \"\(name)\" has another number already"
            case .noValues(let name): "the numbers of \"\(name)\" have no names"
            case .flagsConflict(let name): "the flags of \"\(name)\" do not go with its type or each other"
            case .notOpen(let block): "\(block) without its beginning"
            case .notClosed(let block): "\(block) without its end"
            }
        }
    }
}
