internal import CHiredis

/// One answer of Redis, freed with this value. SAFETY: owns the reply, which nobody else frees.
@safe package struct RedisAnswer: ~Copyable {
    private let reply: UnsafeMutablePointer<redisReply>

    init(owning reply: UnsafeMutablePointer<redisReply>) { unsafe self.reply = reply }

    deinit { unsafe freeReplyObject(reply) }

    /// What the server refused the command with; nil when it did not.
    package var refusal: String? {
        guard unsafe reply.pointee.type == REDIS_REPLY_ERROR else { return nil }
        return unsafe withOctets { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Nil unless the answer is a number.
    package var integer: Int64? {
        unsafe reply.pointee.type == REDIS_REPLY_INTEGER ? reply.pointee.integer : nil
    }

    /// A string's or status' octets; nil for anything else.
    package var string: [UInt8]? {
        guard unsafe reply.pointee.type == REDIS_REPLY_STRING || reply.pointee.type == REDIS_REPLY_STATUS else {
            return nil
        }
        return unsafe withOctets { unsafe Array($0) }
    }

    /// An array's elements that are strings; nil unless it is an array.
    package var strings: [[UInt8]]? {
        guard unsafe reply.pointee.type == REDIS_REPLY_ARRAY else { return nil }
        let count = unsafe reply.pointee.elements
        return (0..<count).map { index in
            guard let element = unsafe reply.pointee.element[index], let text = unsafe element.pointee.str else {
                return []
            }
            return unsafe Array(UnsafeRawBufferPointer(start: text, count: element.pointee.len))
        }
    }

    /// An array's first element, when that is a string.
    var first: [UInt8]? { strings?.first }

    /// The octets of a string, valid in `body` alone; empty for any other kind.
    package func withOctets<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard let start = unsafe reply.pointee.str else {
            return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return unsafe body(UnsafeRawBufferPointer(start: start, count: reply.pointee.len))
    }
}
