package import Concurrency

/// Whatever carries a command out: a router, or a test's stand-in.
package protocol CommandRunner: Sendable {
    /// The command's whole answer.
    func run(_ command: RouterCommand) async throws(RouterOSError) -> RouterAnswer
}

/// One router of a client. A value: copies are the same router.
package struct ManagedRouter: CommandRunner {
    let client: RouterOSClient
    let number: UInt32
    let limit: Duration

    /// Sends a command and waits for its answer, for as long as the configuration says. A task that is cancelled is told at once;
    /// the router is told too, and may have carried it out.
    package func run(_ command: RouterCommand) async throws(RouterOSError) -> RouterAnswer {
        try await run(command, limit: limit)
    }

    /// The same, waiting for so long at most.
    package func run(_ command: RouterCommand, limit: Duration) async throws(RouterOSError) -> RouterAnswer {
        try await client.ask(number, command, until: .after(limit)).get()
    }

    /// Whether commands go out; nil for a router that is forgotten.
    package var breaker: CircuitBreaker.State? { client.breakerState(number) }

    /// Closes its connections; who waits for an answer is told.
    package func forget() { client.forget(number) }
}
