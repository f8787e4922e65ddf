/// Makes version 7 ids from an injected clock and an injected source of randomness.
package struct IDGenerator: Sendable {
    package let time: TimeSource
    package let random: @Sendable () -> (UInt64, UInt64)

    /// `random` must be safe to call from any thread.
    package init(
        time: TimeSource,
        random: @escaping @Sendable () -> (UInt64, UInt64) = {
            var system = SystemRandomNumberGenerator()
            return (system.next(), system.next())
        }
    ) {
        self.time = time
        self.random = random
    }

    /// A new version 7 UUID.
    package func uuid() -> UUID128 {
        UUID128.v7(at: time.now(), random: random())
    }

    /// A new id of any kind; the kind follows from where it is put.
    package func next<Tag>(_ kind: ID<Tag>.Type = ID<Tag>.self) -> ID<Tag> {
        ID<Tag>(uuid())
    }
}
