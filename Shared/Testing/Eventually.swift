import Concurrency
package import Testing

/// A condition did not come true before its deadline.
package struct NeverHeld: Error, CustomStringConvertible {
    let limit: Duration
    let location: SourceLocation

    package var description: String { "\(location): the condition did not hold within \(limit)" }
}

/// Waits until `condition` holds, asking again every few milliseconds; throws `NeverHeld` after `limit`.
/// This replaces every sleep in tests: it returns as soon as the state is reached, however loaded the machine is.
package func eventually(
    within limit: Duration = .seconds(20),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try await !condition() {
        guard clock.now < end else { throw NeverHeld(limit: limit, location: sourceLocation) }
        try await pause(for: .milliseconds(5))
    }
}
