import Domain
import HTTPServer
import Identity
import Persistence

extension Principal {
    /// Whether a record of that owner is his to see. It was read in his own scope, so its tenant is his own or stands below.
    func covers(_ owner: RecordOwner) -> Bool {
        switch reach {
        case .subtree: true
        case .tenant(let tenant): owner.tenantID == tenant
        case .customer(let tenant, let customer): owner.tenantID == tenant && owner.customerID == customer
        case .nothing: false
        }
    }

    /// Throws `notFound` for what is not his to see: he does not learn that it is there.
    func see(_ owner: RecordOwner) throws(Problem) {
        guard covers(owner) else { throw .notFound }
    }

    /// The tenant that something is made in: his own, or one below it where he reaches that far. Row-level security refuses
    /// the rest.
    func target(_ wanted: TenantID?) throws(Problem) -> TenantID {
        guard let wanted, wanted != tenantID else { return tenantID }
        guard case .subtree = reach else { throw .invalid("/tenant_id", "is no tenant of yours", code: "not_found") }
        return wanted
    }
}
