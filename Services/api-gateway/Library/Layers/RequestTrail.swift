import HTTPServer
import Identity
import Synchronization

/// What the layers found out about a request, for whoever stands around the router.
final class RequestTrail: RequestValue {
    private let known = Mutex<Principal?>(nil)

    /// Who asked, once he has proven it; nil of requests where nobody did or nobody was asked.
    var principal: Principal? {
        get { known.withLock { $0 } }
        set { known.withLock { $0 = newValue } }
    }
}
