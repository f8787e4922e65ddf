package import Domain
package import HTTPServer
package import Identity
import Observability

/// Who asks, proven, and what entries of the audit trail and events say of him. The authentication layer leaves it on every
/// request of a route that is not open.
package struct Caller: RequestValue {
    package let principal: Principal
    /// For use cases of accounts.
    package let origin: Origin
    /// For the audit trail.
    package let audit: AuditOrigin

    init(_ principal: Principal, _ request: Request) {
        self.principal = principal
        origin = request.origin
        audit = principal.audit(from: origin)
    }
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
    package var origin: Origin {
        Origin(
            address: clientAddress,
            userAgent: headers["user-agent"].map { String($0.unicodeScalars.prefix(400)) } ?? "",
            correlationID: id,
            traceparent: trace.traceparent
        )
    }

    /// Who asks, in the domain's words: IPv4 as such.
    package var clientAddress: Domain.IPAddress {
        Domain.IPAddress(client.description)?.unmapped ?? Domain.IPAddress(ipv4: 0)
    }
}
