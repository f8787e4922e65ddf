/// Something that runs as long as its process.
package protocol Service: Sendable {
    /// Serves until `GracefulShutdown` asks it to end, then finishes what it began and returns.
    /// Throwing, or returning unasked, brings the process down. Cancellation means: return at once.
    func run() async throws
}

/// A service with the name that logs show.
package struct NamedService: Sendable {
    package let name: String
    package let service: any Service

    package init(_ name: String, _ service: any Service) {
        self.name = name
        self.service = service
    }

    /// A service that is just a function.
    package init(_ name: String, run: @escaping @Sendable () async throws -> Void) {
        self.init(name, FunctionService(body: run))
    }
}

private struct FunctionService: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws { try await body() }
}

/// Why a group of services ended other than as asked.
package enum ServiceFailure: Error, CustomStringConvertible {
    /// A service threw.
    case failed(name: String, error: any Error)
    /// A service returned though nobody had asked it to.
    case endedEarly(name: String)
    /// These services were still busy at the deadline and were cancelled.
    case drainDeadline(names: [String])

    package var description: String {
        switch self {
        case .failed(let name, let error): "\(name) failed: \(error)"
        case .endedEarly(let name): "\(name) ended without being asked to"
        case .drainDeadline(let names): "still busy at the deadline: \(names.joined(separator: ", "))"
        }
    }
}
