import Domain
import SharedTesting
import Testing

@testable import APIGateway

/// Rows made through the API, as their owner would.
extension GatewayWorld {
    /// A customer's id.
    func customer(as person: Person, _ name: String = "Ann") async throws -> String {
        let body = "{\"name\":\"\(name)\",\"phone\":\"+1 555\",\"address\":\"Street 1\"}"
        return try await made("customers", as: person, body)
    }

    /// A plan's id.
    func plan(as person: Person, _ name: String = "Plan") async throws -> String {
        let body =
            "{\"name\":\"\(name) \(parts.ids.uuid())\",\"download_bps\":50000000,\"upload_bps\":10000000,\"price\":\"19.90\"}"
        return try await made("service-plans", as: person, body)
    }

    /// A service's id.
    func service(as person: Person, customer: String, plan: String, _ username: String) async throws -> String {
        let body = "{\"customer_id\":\"\(customer)\",\"plan_id\":\"\(plan)\",\"username\":\"\(username)\"}"
        return try await made("services", as: person, body)
    }

    /// A NAS's id.
    func nas(as person: Person, _ name: String, _ address: String) async throws -> String {
        try await made("nas", as: person, "{\"name\":\"\(name)\",\"address\":\"\(address)\"}")
    }

    /// A device's id.
    func device(as person: Person, _ name: String, _ host: String = "192.0.2.1") async throws -> String {
        try await made("devices", as: person, "{\"name\":\"\(name)\",\"kind\":\"router\",\"host\":\"\(host)\"}")
    }

    /// A pool's id.
    func pool(as person: Person, _ name: String, _ range: String = "100.64.0.0/24") async throws -> String {
        let body = "{\"name\":\"\(name)\",\"range\":\"\(range)\",\"use\":\"ipv4\"}"
        return try await made("network/ipam/pools", as: person, body)
    }

    private func made(_ path: String, as person: Person, _ body: String) async throws -> String {
        let answer = try await must(201, "POST", "/api/v1/\(path)", as: person, body)
        return try #require(answer["data.id"]?.text)
    }

    /// An API key that may read customers: its id, and its text.
    func key(as person: Person, _ name: String = "reader") async throws -> (id: String, text: String) {
        let body = "{\"name\":\"\(name)\",\"scopes\":[\"customers.read\"]}"
        let answer = try await must(201, "POST", "/api/v1/api-keys", as: person, body)
        return (try #require(answer["data.key.id"]?.text), try #require(answer["data.text"]?.text))
    }

    /// One of everything that a tenant's operator makes.
    struct Side: Sendable {
        let person: Person
        let tenant: TenantID
        /// Stands in every name.
        let mark: String
        let customer: String
        let plan: String
        let service: String
        let nas: String
        let device: String
        let pool: String
    }

    /// `number` tells its NAS's address from another side's.
    func side(of tenant: TenantID, _ mark: String, number: Int) async throws -> Side {
        let person = try await person(.tenantAdmin, in: tenant)
        let customer = try await customer(as: person, "\(mark) one")
        let plan = try await plan(as: person, "\(mark) plan")
        return Side(
            person: person,
            tenant: tenant,
            mark: mark,
            customer: customer,
            plan: plan,
            service: try await service(as: person, customer: customer, plan: plan, "\(mark)-user"),
            nas: try await nas(as: person, "\(mark) nas", "10.\(number).0.1"),
            device: try await device(as: person, "\(mark) device"),
            pool: try await pool(as: person, "\(mark) pool")
        )
    }
}
