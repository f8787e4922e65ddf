import Domain

/// Time-ordered ids (UUID version 7) for one thread, without a system call each: seeded once from the kernel, then
/// xorshift. For ids, never for secrets.
struct FastIDs {
    private var state: UInt64
    private var salt: UInt64

    init() {
        state = UInt64.random(in: 1 ... .max)
        salt = UInt64.random(in: .min ... .max)
    }

    /// The next id, at a wall-clock time in microseconds.
    mutating func next(wallTime: Int64) -> UUID128 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        salt &+= 0x9e37_79b9_7f4a_7c15
        return UUID128.v7(at: Timestamp(microseconds: wallTime), random: (state, state &* 0xd6e8_feb8_6659_fd93 ^ salt))
    }
}
