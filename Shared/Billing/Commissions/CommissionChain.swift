package import Domain

/// Who shares what a customer pays: the tenants from the customer's own up to the operator, with their cumulative rates (COM-01).
///
/// The chain holds who has a rate. A tenant without one is not in it: his share falls to whoever stands above him (COM-05). Rates never
/// fall on the way up: a tenant whose rate is above that of somebody over him has that one's, so that what is left for each is
/// never less than nothing, whatever is set in which order. What no tenant has is the operator's, whose rate is always 100 %.
package struct CommissionChain: Hashable, Sendable {
    /// A tenant below the operator, with the rate that was set for him where one was.
    package struct Level: Hashable, Sendable {
        package let tenantID: TenantID
        package let rate: CommissionRate?

        package init(_ tenantID: TenantID, _ rate: CommissionRate?) {
            self.tenantID = tenantID
            self.rate = rate
        }
    }

    /// A tenant who has a share, with his effective cumulative rate.
    package struct Link: Hashable, Sendable {
        package let tenantID: TenantID
        package let rate: CommissionRate
    }

    package let operatorID: TenantID
    /// Whose customer pays.
    package let payerTenantID: TenantID
    /// Those below the operator who have a rate, the payer's tenant first.
    package let links: [Link]

    /// The chain of these levels, the payer's own tenant first, without the operator; none: the operator's own customer pays.
    package init(operatorID: TenantID, levels: [Level]) {
        self.operatorID = operatorID
        payerTenantID = levels.first?.tenantID ?? operatorID
        var links: [Link] = []
        var highest = CommissionRate.all
        for level in levels.reversed() {
            guard let rate = level.rate else { continue }
            highest = min(highest, rate)
            links.append(Link(tenantID: level.tenantID, rate: highest))
        }
        self.links = links.reversed()
    }

    /// The effective cumulative rate of a tenant: the operator's is 100 %, nil for who has none.
    package func rate(of tenant: TenantID) -> CommissionRate? {
        tenant == operatorID ? .all : links.first { $0.tenantID == tenant }?.rate
    }
}
