package import Domain
package import HTTPServer
package import Identity
import Observability

/// Who asks, proven, and what entries of the audit trail and events say of him. The authentication layer leaves it on every
/// request of a route that is not open.
package struct Caller: RequestValue {
    package let principal: Principal
    private let headers: RequestHeaders
    private let address: Domain.IPAddress
    private let requestID: String
    private let trace: TraceContext

    init(_ principal: Principal, _ request: Request) {
        self.principal = principal
        (headers, address, requestID, trace) = (request.headers, request.clientAddress, request.id, request.trace)
    }

    /// For use cases of accounts. Made when it is asked for: a read that leaves no trace needs none.
    package var origin: Origin { Origin(address, headers, requestID, trace) }

    /// For the audit trail.
    package var audit: AuditOrigin { principal.audit(from: origin) }
}

extension Request {
    /// Who asks. Throws where the route is open: no handler of one may need it.
    package var caller: Caller {
        get throws {
            guard let caller = self[Caller.self] else { throw Problem.unauthorized }
            return caller
        }
    }

    /// Where the request comes from.
    package var origin: Origin { Origin(clientAddress, headers, id, trace) }

    /// Who asks, in the domain's words: IPv4 as such.
    package var clientAddress: Domain.IPAddress {
        client.isIPv4
            ? Domain.IPAddress(ipv4: UInt32(truncatingIfNeeded: client.low))
            : Domain.IPAddress(ipv6: UUID128(high: client.high, low: client.low))
    }
}

extension Origin {
    fileprivate init(_ address: Domain.IPAddress, _ headers: RequestHeaders, _ requestID: String, _ trace: TraceContext)
    {
        self.init(
            address: address,
            userAgent: headers["user-agent"].map { String($0.unicodeScalars.prefix(400)) } ?? "",
            correlationID: requestID,
            traceparent: trace.traceparent
        )
    }
}
