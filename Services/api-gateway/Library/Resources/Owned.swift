import Billing
import Domain
import HTTPServer
import Identity
import Persistence

/// A row that is somebody's, so that not everybody sees it.
protocol Owned {
    var owner: RecordOwner { get }
}

/// Which rows of that kind are listed; nil leaves a member open.
protocol OwnedFilter: Sendable {
    var tenantID: TenantID? { get set }
    var customerID: CustomerID? { get set }

    init()
}

extension BoostFilter: OwnedFilter {}
extension BillFilter: OwnedFilter {}
extension SubscriptionFilter: OwnedFilter {}
extension LifecycleFilter: OwnedFilter {}

extension BoostRow: Owned {
    var owner: RecordOwner { RecordOwner(tenantID: tenantID, customerID: customerID) }
}

extension StoredBill: Owned {
    var owner: RecordOwner { RecordOwner(tenantID: tenantID, customerID: customerID) }
}

extension LifecycleRun: Owned {
    var owner: RecordOwner { RecordOwner(tenantID: tenantID, customerID: customerID) }
}

extension SubscriptionRow: Owned {
    var owner: RecordOwner { RecordOwner(tenantID: subscription.tenantID, customerID: subscription.customerID) }
}

extension OwnedFilter {
    /// What a list is asked for by `tenant_id` and `customer_id`; nil where nothing of that is his to see.
    init?(_ request: Request, by principal: Principal) throws(Problem) {
        self.init()
        tenantID = try request.queryID("tenant_id")
        customerID = try request.queryID("customer_id")
        switch principal.reach {
        case .subtree: break
        case .tenant(let own):
            guard (tenantID ?? own) == own else { return nil }
            tenantID = own
        case .customer(let own, let himself):
            guard (tenantID ?? own) == own, (customerID ?? himself) == himself else { return nil }
            (tenantID, customerID) = (own, himself)
        case .nothing: return nil
        }
    }

    /// A customer's own. Throws `notFound` for who is none.
    init(ownOf principal: Principal) throws(Problem) {
        let own = try principal.ownCustomer
        self.init()
        (tenantID, customerID) = own
    }
}

extension Operation {
    /// What narrows a list to whose rows they are.
    static let owners: [Parameter] = [
        .init("tenant_id", .uuid, "Of one tenant."), .init("customer_id", .uuid, "Of one customer."),
    ]
}

extension Principal {
    /// The customer that he is. Throws `notFound` for who is none: he has nothing of his own.
    var ownCustomer: (tenant: TenantID, customer: CustomerID) {
        get throws(Problem) {
            guard case .customer(let tenant, let customer) = reach else { throw .notFound }
            return (tenant, customer)
        }
    }

    /// What was looked for, if it is there and his to see; throws `notFound` for what is not.
    func seen<Row: Owned>(_ row: Row?) throws(Problem) -> Row {
        guard let row else { throw .notFound }
        try see(row.owner)
        return row
    }
}
