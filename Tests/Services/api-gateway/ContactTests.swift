import Domain
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

@Suite struct ContactTests {
    @Test(.proves("CUS-07", "G-22")) func `a customer's contacts are made, changed and removed below him alone`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let (ann, bob) = (try await world.customer(as: admin, "Ann"), try await world.customer(as: admin, "Bob"))
        let path = "/api/v1/customers/\(ann)/contacts"
        for wrong in [
            "{}", "{\"name\":\"Z\"}", "{\"name\":\"Z\",\"email\":\"none\"}", "{\"name\":\"Z\",\"phone\":\"1\",\"x\":1}",
        ] {
            #expect(try await world.send("POST", path, as: admin, wrong).status == 400, "\(wrong)")
        }
        let body = "{\"name\":\"Zoe\",\"role\":\"billing\",\"phone\":\"+1 5\"}"
        let made = try await world.must(201, "POST", path, as: admin, body)
        let id = try #require(made["data.id"]?.text)
        let tag = try #require(made.headers["etag"])
        #expect(made.headers["location"] == "\(path)/\(id)")
        let list = try await world.must(200, "GET", path + "?count=true", as: admin)
        #expect(list["meta.total"]?.integer == 1 && list.text.contains("Zoe"))
        #expect(try await world.must(200, "GET", "/api/v1/customers/\(bob)/contacts", as: admin).list("data").isEmpty)

        let change = "{\"email\":\"zoe@example.net\"}"
        #expect(try await world.send("PATCH", "\(path)/\(id)", as: admin, change).status == 428)
        // Below another customer there is no such contact.
        let astray = "/api/v1/customers/\(bob)/contacts/\(id)"
        for method in ["PATCH", "DELETE"] {
            let json = method == "PATCH" ? change : nil
            #expect(try await world.send(method, astray, as: admin, json, headers: ["If-Match": tag]).status == 404)
        }
        let changed = try await world.must(200, "PATCH", "\(path)/\(id)", as: admin, change, headers: ["If-Match": tag])
        #expect(changed["data.email"]?.text == "zoe@example.net" && changed["data.name"]?.text == "Zoe")
        #expect(try await world.send("DELETE", "\(path)/\(id)", as: admin, headers: ["If-Match": tag]).status == 412)
        let now = try #require(changed.headers["etag"])
        let stranger = try await world.person(.tenantAdmin, in: world.two)
        #expect(try await world.send("GET", path, as: stranger).status == 404)
        #expect(try await world.send("DELETE", "\(path)/\(id)", as: stranger, headers: ["If-Match": now]).status == 404)
        #expect(try await world.send("DELETE", "\(path)/\(id)", as: admin, headers: ["If-Match": now]).status == 204)
        #expect(try await world.must(200, "GET", path, as: admin).list("data").isEmpty)
        let log = try await world.must(
            200,
            "GET",
            "/api/v1/audit-logs?resource_type=customer_contact&resource_id=\(id)",
            as: admin
        )
        #expect(log.list("data").count == 3)
    }

    @Test(.proves("CUS-08")) func `a service knows where and with what it is installed, and is found by it`()
        async throws
    {
        let world = try await GatewayWorld.shared()
        let admin = try await world.person(.tenantAdmin)
        let (customer, plan) = (try await world.customer(as: admin), try await world.plan(as: admin))
        let serial = "ONU-\(world.parts.ids.uuid())"
        let made = try await world.must(
            201,
            "POST",
            "/api/v1/services",
            as: admin,
            """
            {"customer_id":"\(customer)","plan_id":"\(plan)","username":"\(serial.lowercased())","service_address":"Roof 1",\
            "installation_status":"scheduled","cpe_serial":"\(serial)","cpe_mac":"02-00-00-00-0A-01"}
            """
        )
        let id = try #require(made["data.id"]?.text)
        #expect(made["data.cpe_mac"]?.text == "02:00:00:00:0a:01")
        #expect(made["data.installation_status"]?.text == "scheduled")
        for filter in ["cpe_serial:eq:\(serial)", "cpe_mac:eq:02:00:00:00:0a:01"] {
            let found = try await world.must(
                200,
                "GET",
                "/api/v1/services?filter=\(filter)&filter=customer_id:eq:\(customer)&filter=installation_status:eq:scheduled",
                as: admin
            )
            #expect(found.list("data").compactMap { ConventionTests.member($0, "id") } == [id], "\(filter)")
        }
        let tag = try #require(made.headers["etag"])
        let changed = try await world.must(
            200,
            "PATCH",
            "/api/v1/services/\(id)",
            as: admin,
            "{\"installation_status\":\"installed\",\"service_address\":null}",
            headers: ["If-Match": tag]
        )
        #expect(
            changed["data.installation_status"]?.text == "installed" && changed["data.service_address"]?.text == nil
        )
        #expect(changed["data.cpe_serial"]?.text == serial)
        let history = try await world.must(200, "GET", "/api/v1/customers/\(customer)/service-history", as: admin)
        #expect(history.text.contains("installation_status"))
        let wrong = "{\"installation_status\":\"burnt\"}"
        let now = try #require(changed.headers["etag"])
        #expect(
            try await world.send("PATCH", "/api/v1/services/\(id)", as: admin, wrong, headers: ["If-Match": now]).status
                == 400
        )
    }
}
