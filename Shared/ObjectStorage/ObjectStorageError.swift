package import HTTPClient

/// What the store refused or could not do. Carries no key, no name of an object and no signature.
package enum ObjectStorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The URL or the name of the bucket cannot be used.
    case invalidConfiguration(String)
    /// It did not answer, as often as it was asked.
    case unreachable(HTTPClientError.Code)
    /// It answered with that status and S3's word for it, such as `AccessDenied`.
    case refused(status: Int, code: String)
    /// There is no such object.
    case notFound
    /// More than an object may have.
    case tooLarge
    /// Encryption was asked for and the answer does not say that it was done.
    case notEncrypted
    /// An answer without what it must hold.
    case unexpectedAnswer(String)
    case cancelled

    package var description: String {
        switch self {
        case .invalidConfiguration(let reason): "object storage: \(reason)"
        case .unreachable(let code): "object storage cannot be reached: \(code.rawValue)"
        case .refused(let status, let code): "object storage refused: \(status) \(code)"
        case .notFound: "object storage has no such object"
        case .tooLarge: "object storage: the object is larger than one may be"
        case .notEncrypted: "object storage did not encrypt what it was told to"
        case .unexpectedAnswer(let operation): "object storage gave an unexpected answer to \(operation)"
        case .cancelled: "object storage: cancelled"
        }
    }
}
