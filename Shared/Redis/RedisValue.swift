internal import CHiredis

/// An answer of Redis, copied.
package enum RedisValue: Sendable, Equatable {
    case none
    case integer(Int64)
    case string([UInt8])
    case array([RedisValue])
    /// What the server refused the command with.
    case refusal(String)

    init(_ reply: UnsafePointer<redisReply>) {
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_INTEGER: self = unsafe .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = unsafe .string(Self.octets(reply))
        case REDIS_REPLY_ERROR: self = .refusal(String(decoding: unsafe Self.octets(reply), as: UTF8.self))
        case REDIS_REPLY_ARRAY:
            let count = unsafe reply.pointee.elements
            self = .array(
                (0..<count).map { index in
                    guard let element = unsafe reply.pointee.element[index] else { return .none }
                    return unsafe RedisValue(element)
                }
            )
        default: self = .none
        }
    }

    private static func octets(_ reply: UnsafePointer<redisReply>) -> [UInt8] {
        guard let start = unsafe reply.pointee.str else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(reply.pointee.len)))
    }

    /// Nil unless it is a number, or text that reads as one.
    package var number: Int64? {
        switch self {
        case .integer(let value): value
        case .string(let octets): Int64(String(decoding: octets, as: UTF8.self))
        default: nil
        }
    }

    /// Nil unless it is a string.
    package var octets: [UInt8]? {
        guard case .string(let octets) = self else { return nil }
        return octets
    }

    /// Nil unless it is an array.
    package var elements: [RedisValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }
}
