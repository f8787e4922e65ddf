/// Why there is no document.
package enum DocumentError: Error, Equatable, CustomStringConvertible {
    /// It would have more rows than it may.
    case tooManyRows(limit: Int)
    /// It was ended before.
    case ended
    /// A call of the system failed with that `errno`.
    case system(call: String, code: Int32)
    /// A library refused; its code.
    case library(name: String, code: Int)

    package var description: String {
        switch self {
        case .tooManyRows(let limit): "a document has at most \(limit) rows"
        case .ended: "the document was ended before"
        case .system(let call, let code): "\(call) failed with \(code)"
        case .library(let name, let code): "\(name) failed with \(code)"
        }
    }
}
