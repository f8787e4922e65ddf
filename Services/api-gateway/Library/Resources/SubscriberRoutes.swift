import Domain
import HTTPServer
import Persistence
import WireFormat

/// A customer with his first service and its password, in one request (CUS-09), and a service with its password (RAD-15).
struct SubscriberRoutes {
    private let parts: Parts
    private let customers = Resource<Customer>.customers
    private let services = Resource<Service>.services

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { [subscriber, access] }

    private var subscriber: GatewayRoute {
        let body = Schema.object([
            .init("customer", CustomerInput.creation.schema(isWhole: true)),
            .init("service", InputShape(ServiceInput.common).schema(isWhole: true)),
        ])
        return GatewayRoute(
            .post,
            "/api/v1/subscribers",
            operationID: "createSubscriber",
            metadata: Access(
                .permissions([.customersCreate, .servicesCreate, .credentialsRotate]),
                repetition: .keyedSecret,
                operation: Operation(
                    "services",
                    "Makes a customer with a service and its password, which is told in this answer and never again.",
                    body: .json(body),
                    status: 201,
                    .data(answer(withCustomer: true))
                )
            )
        ) { request in
            let (customer, service) = try Self.input(try await request.payload())
            return try await parts.change(request) { work in
                let made = try await CustomerRoutes.insert(customer, work)
                work.record(.create, made, customers)
                guard let owner = made.after else { throw Problem.notFound }
                var wanted = service
                wanted.customerID = owner.id
                return try await make(wanted, for: owner, work)
            }
        }
    }

    private var access: GatewayRoute {
        GatewayRoute(
            .post,
            "/api/v1/radius/subscribers",
            operationID: "createRadiusSubscriber",
            metadata: Access(
                .permissions([.servicesCreate, .credentialsRotate]),
                repetition: .keyedSecret,
                operation: Operation(
                    "services",
                    "Makes a service of a customer with a password, which is told in this answer and never again.",
                    body: .json(ServiceInput.creation.schema(isWhole: true)),
                    status: 201,
                    .data(answer(withCustomer: false))
                )
            )
        ) { request in
            var input = ServiceInput(service: .blank)
            try ServiceInput.creation.apply(try await request.payload(), to: &input, isWhole: true)
            let wanted = input.service
            return try await parts.change(request) { work in
                _ = try await customers.found(wanted.customerID.value, work.transaction, work.caller)
                return try await make(wanted, for: nil, work)
            }
        }
    }

    private func make(_ wanted: Service, for customer: Customer?, _ work: Work) async throws -> Response {
        let made = try await ServiceRoutes.insert(wanted, work)
        work.record(.create, made, services)
        guard let service = made.after else { throw Problem.notFound }
        let password = try await CredentialWriter(work.transaction, secrets: parts.secrets).generate(service.id)
        CredentialRoutes.record(.create, password, work)
        var response = Response.data(status: 201) { json in
            json.beginObject()
            if let customer {
                json.key("customer")
                customers.source.write(customer, to: &json)
            }
            json.key("service")
            services.source.write(service, to: &json)
            json.pair("password", password.password)
            json.endObject()
        }
        response.headers["location"] = HeaderValue(withoutControls: "\(services.path)/\(service.id)")
        response.isCompressible = false
        return response
    }

    private func answer(withCustomer: Bool) -> Schema {
        .object(
            (withCustomer ? [.init("customer", customers.schema)] : [])
                + [.init("service", services.schema), .init("password", .text())]
        )
    }

    private static func input(_ body: JSONValue) throws(Problem) -> (CustomerInput, Service) {
        guard case .object(let members) = body else { throw .invalid("", "must be an object") }
        for name in members.keys.sorted() where name != "customer" && name != "service" {
            throw .invalid("/" + String(name.prefix(100)), "is not known here", code: "unknown")
        }
        var customer = CustomerInput(.blank)
        var service = ServiceInput(service: .blank)
        try CustomerInput.creation.apply(members["customer"] ?? .null, to: &customer, isWhole: true)
        try InputShape(ServiceInput.common).apply(members["service"] ?? .null, to: &service, isWhole: true)
        return (customer, service.service)
    }
}
