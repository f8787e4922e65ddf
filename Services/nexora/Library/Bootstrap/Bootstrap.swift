import Crypto
import Domain
import Identity
import Persistence

/// Brings a database from its bare schema to one that can be worked with. What is there already is left as it is, so that
/// running it again changes nothing.
struct Bootstrap {
    let context: CommandContext
    let database: Database
    let secrets: DirectorySecrets

    /// How many things were made.
    struct Made: Sendable {
        var tenants = 0
        var plans = 0
        var nases = 0
        var subscribers = 0
    }

    /// What the demo's env file tells.
    struct DemoLogin: Sendable {
        let radiusSecret: String
        let user: String
        let password: String
    }

    /// The operator, planted when there is none.
    func plantOperator(name: String, subdomain: String, made: inout Made) async throws -> TenantID {
        let tenant = Tenant(id: context.ids.next(), parentID: nil, kind: .operator, name: name, subdomain: subdomain)
        let id = try await database.plantOperator(tenant)
        if id == tenant.id { made.tenants += 1 }
        return id
    }

    /// The secret that lets the first administrator choose his password; nil where there is an administrator already.
    func inviteAdministrator(email: String, name: String, to operatorID: TenantID) async throws -> String? {
        let link = OneTimeLinkID(context.ids.uuid())
        let token = OpaqueToken(.link, tenant: operatorID, row: link.value)
        let change = IdentityChange(now: context.time.now(), ids: context.ids)
        let outcome = try await database.transaction(in: operatorID) { transaction in
            try await UserRepository(transaction).plantAdministrator(
                email: email,
                name: name,
                in: operatorID,
                link: link,
                hash: token.digest,
                change
            )
        }
        return outcome == .present ? nil : token.text
    }

    /// The demo's tenants, plans, NASes and subscribers below an operator.
    func makeDemo(below operatorID: TenantID, made: inout Made) async throws {
        let provider = try await tenant(
            DemoCatalogue.providerSubdomain,
            .provider,
            below: operatorID,
            operatorID,
            &made
        )
        let reseller = try await tenant(DemoCatalogue.resellerSubdomain, .reseller, below: provider, operatorID, &made)
        for demo in try DemoCatalogue.plans(provider: provider, reseller: reseller, ids: context.ids) {
            made.plans += try await database.transaction(in: demo.plan.tenantID) { transaction in
                let plans = PlanRepository(transaction)
                guard try await plans.names(of: demo.plan.tenantID)[demo.plan.name] == nil else { return 0 }
                try await plans.insert(demo.plan)
                try await plans.setAdvanced(demo.settings)
                return 1
            }
        }
        for nas in DemoCatalogue.nases(provider: provider, reseller: reseller, ids: context.ids) {
            made.nases += try await add(nas, operatorID)
        }
        made.subscribers += try await addSubscribers(to: provider)
    }

    /// The login of the demo subscriber on this machine's NAS, from what is stored.
    func demoLogin(below operatorID: TenantID) async throws -> DemoLogin {
        try await database.transaction(in: operatorID) { transaction in
            let directory = DirectoryAccess(transaction, root: operatorID)
            let provider = try await directory.tenant(DemoCatalogue.providerSubdomain).id
            guard
                let nas = try await directory.nases.find(name: DemoCatalogue.localNAS).first(where: {
                    $0.tenantID == provider
                }),
                let service = try await directory.services.find(username: DemoCatalogue.demoUser)
                    .first(where: { $0.tenantID == provider }),
                let password = try await directory.services.sealedPassword(of: service)
            else {
                throw CommandFailure(.notFound, "the demo's NAS or subscriber was removed: there is no login to tell")
            }
            let secret = try await directory.nases.sealedSecret(of: nas)
            return DemoLogin(
                radiusSecret: String(
                    decoding: try secrets.open(secret: secret, of: nas.id, tenant: provider),
                    as: UTF8.self
                ),
                user: service.username,
                password: String(
                    decoding: try secrets.open(password: password, of: service.id, tenant: provider),
                    as: UTF8.self
                )
            )
        }
    }

    private func tenant(
        _ subdomain: String,
        _ kind: TenantKind,
        below parent: TenantID,
        _ operatorID: TenantID,
        _ made: inout Made
    ) async throws -> TenantID {
        let tenant = Tenant(
            id: context.ids.next(),
            parentID: parent,
            kind: kind,
            name: DemoCatalogue.tenantNames[subdomain] ?? subdomain,
            subdomain: subdomain
        )
        let id = try await database.transaction(in: operatorID, joining: [tenant.id]) { transaction in
            let tenants = TenantRepository(transaction)
            if let existing = try await tenants.find(subdomain: subdomain) { return existing.id }
            try await tenants.insert(tenant)
            return tenant.id
        }
        if id == tenant.id { made.tenants += 1 }
        return id
    }

    private func add(_ nas: NAS, _ operatorID: TenantID) async throws -> Int {
        let sealed = try secrets.seal(
            secret: Array(SecretSource.generated(length: 32).utf8),
            of: nas.id,
            tenant: nas.tenantID
        )
        return try await database.transaction(in: operatorID) { transaction in
            let directory = DirectoryAccess(transaction, root: operatorID)
            guard try await !directory.nases.find(name: nas.name).contains(where: { $0.tenantID == nas.tenantID })
            else {
                return 0
            }
            try await NASCommands.insert(nas, sealed: sealed, directory)
            return 1
        }
    }

    private func addSubscribers(to provider: TenantID) async throws -> Int {
        try await database.transaction(in: provider) { transaction in
            let store = DirectoryImport(transaction, tenant: provider)
            let console = context.console
            try await store.send(try (1...DemoCatalogue.subscriberCount).map { try subscriber($0, provider) }) { _ in }
            // A subscriber who is there already, or whose place somebody took, is left alone.
            let taken = Set(try await store.conflicts().map(\.line))
            if !taken.isEmpty { try await store.leaveOut(lines: taken.sorted()) }
            guard taken.count < DemoCatalogue.subscriberCount else { return 0 }
            console.progress("storing \(DemoCatalogue.subscriberCount - taken.count) demo subscribers")
            let count = try await store.storeCustomers()
            _ = try await store.storeServices()
            _ = try await store.storeCredentials()
            console.endProgress()
            return count
        }
    }

    private func subscriber(_ number: Int, _ provider: TenantID) throws -> ImportedRow {
        let digits = DemoCatalogue.digits(number)
        let customer = Customer(
            tenantID: provider,
            id: context.ids.next(),
            code: DemoCatalogue.code(number),
            name: "Demo Subscriber \(digits)",
            email: "demo\(digits)@example.net",
            phone: "+1 555 01\(digits)",
            address: "\(number) Example Street, Demo Town"
        )
        let service = Service(
            tenantID: provider,
            id: context.ids.next(),
            customerID: customer.id,
            planID: ID(.zero),
            username: DemoCatalogue.username(number)
        )
        return ImportedRow(
            line: number,
            code: customer.code,
            customer: customer,
            service: service,
            plan: DemoCatalogue.planName(number),
            sealedPassword: try secrets.seal(
                password: Array(SecretSource.generated(length: 12).utf8),
                of: service.id,
                tenant: provider
            )
        )
    }
}
