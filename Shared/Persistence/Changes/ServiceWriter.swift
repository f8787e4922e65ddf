package import Domain

/// Changes services of one scope; their passwords are `CredentialWriter`'s.
package struct ServiceWriter {
    private let services: ServiceRepository
    private let customers: CustomerRepository
    private let plans: PlanRepository
    private let devices: DeviceRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        services = ServiceRepository(transaction)
        customers = CustomerRepository(transaction)
        plans = PlanRepository(transaction)
        devices = DeviceRepository(transaction)
        self.ids = ids
    }

    /// Stores a new service of a customer. Throws `notFound` for a customer that is not there or deleted, and
    /// `ValidationError` of `plan_id` for a plan that is not of the customer's tenant (CUS-06), and of `router_id` for what is no
    /// router of MikroTik there.
    package func create(
        customer: CustomerID,
        plan: PlanID,
        username: String,
        _ edit: (inout Service) throws -> Void = { _ in }
    ) async throws -> Change<Service> {
        // Locked, so that he is not deleted meanwhile.
        let owner = try await customers.find(customer, forUpdate: true).found()
        let id: ServiceID = ids.next()
        var service = Service(
            tenantID: owner.tenantID,
            id: id,
            customerID: customer,
            planID: plan,
            username: username
        )
        try edit(&service)
        service.tenantID = owner.tenantID
        service.id = id
        service.customerID = customer
        try await check(service)
        try await checkRouter(of: service)
        try await services.insert(service)
        return Change(before: nil, after: try await services.find(id).found())
    }

    /// Changes what `edit` changes; the customer, and the device it is bound to, stay. Throws `VersionConflict` where the service
    /// has another version than expected.
    package func update(
        _ id: ServiceID,
        expecting version: Int64? = nil,
        _ edit: (inout Service) throws -> Void
    ) async throws -> Change<Service> {
        let before = try await services.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var service = before
        try edit(&service)
        service.tenantID = before.tenantID
        service.id = id
        service.customerID = before.customerID
        if service.planID != before.planID { try await check(service) }
        if service.routerID != before.routerID { try await checkRouter(of: service) }
        try await services.update(service)
        return Change(before: before, after: try await services.find(id).found())
    }

    /// Removes a service and its password. Its past sessions and its history stay.
    package func delete(_ id: ServiceID, expecting version: Int64? = nil) async throws -> Change<Service> {
        let before = try await services.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await services.remove(before)
        return Change(before: before, after: nil)
    }

    /// Forgets the device that a service is bound to (SES-03).
    package func unbind(_ id: ServiceID, expecting version: Int64? = nil) async throws -> Change<Service> {
        let before = try await services.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        try await services.unbind(before)
        return Change(before: before, after: try await services.find(id).found())
    }

    private func check(_ service: Service) async throws {
        guard let plan = try await plans.find(service.planID), plan.tenantID == service.tenantID else {
            throw ValidationError.single("plan_id", .conflicts(reason: "is no plan of the customer's tenant"))
        }
    }

    private func checkRouter(of service: Service) async throws {
        guard let id = service.routerID else { return }
        guard let device = try await devices.find(id), device.tenantID == service.tenantID, device.isRouterOS else {
            let reason = "is no router of MikroTik of the customer's tenant"
            throw ValidationError.single("router_id", .conflicts(reason: reason))
        }
    }
}
