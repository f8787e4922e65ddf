/// What Redis refused or could not do. Never carries a password.
package enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidURL(String)
    /// The server cannot be reached or did not answer in time.
    case unreachable(String)
    /// The server answered with an error, such as a wrong password.
    case refused(String)
    /// An answer of another kind than the command has.
    case unexpectedReply(String)

    package var description: String {
        switch self {
        case .invalidURL(let reason): "the Redis URL is not valid: \(reason)"
        case .unreachable(let reason): "Redis cannot be reached: \(reason)"
        case .refused(let reason): "Redis refused: \(reason)"
        case .unexpectedReply(let command): "Redis gave an unexpected answer to \(command)"
        }
    }
}
