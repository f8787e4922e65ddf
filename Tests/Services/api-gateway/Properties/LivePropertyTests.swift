import Domain
import Messaging
import Observability
import Persistence
import SharedTesting
import Testing

@testable import APIGateway

/// What happens is told as it happens, to those whose it is; and who listens no more costs nothing.
@Suite struct LivePropertyTests {
    @Test(
        .proves("WS-03", "WS-06", "WS-01", "E-57"),
        arguments: EntityCase.written.filter { $0.writing?.isBroadcast == true }
    )
    func `property 57: what is made, changed and removed is broadcast to the tenant it belongs to, and to no other`(
        _ entity: EntityCase
    ) async throws {
        let plot = try await Plot(try await GatewayWorld.shared(), customers: 2, plans: 2)
        let writing = try #require(entity.writing)
        let world = plot.world
        let other = try await Plot(world)
        let known = Set(try await world.outbox(of: plot.tenant).map(\.id))
        // Three changes each.
        var made: [String] = []
        var draw = Draw(SeededRandom("property 57, \(entity.name)"))
        for _ in 0..<34 {
            let answer = try await plot.send("POST", entity.path(plot), writing.body(plot, &draw))
            let id = try #require(answer["data.id"]?.text, "\(answer.text)")
            let target = "\(entity.path(plot))/\(id)"
            var tag = ["If-Match": try #require(answer.headers["etag"])]
            let changed = try await plot.send("PATCH", target, writing.change(&draw), headers: tag)
            tag = ["If-Match": try #require(changed.headers["etag"], "\(changed.text)")]
            try #require(try await plot.send("DELETE", target, headers: tag).status == 204)
            made.append(id)
        }
        let events = try await world.outbox(of: plot.tenant).filter { !known.contains($0.id) }
        for id in made {
            let about = events.filter { String(decoding: $0.data, as: UTF8.self).contains(id) }
            let subjects = about.map(\.subject).filter {
                ["directory.changed", "device.changed"].contains($0) || $0.hasPrefix("identity.user_")
            }
            for wanted in [writing.told.create, writing.told.update, writing.told.delete] {
                #expect(subjects.contains(wanted), "\(wanted): \(subjects)")
            }
            #expect(subjects.count >= 3, "\(subjects)")
            guard let kind = writing.kind else { continue }
            #expect(about.allSatisfy { String(decoding: $0.data, as: UTF8.self).contains("\"\(kind)\"") })
        }
        // As the relay publishes them, to a socket and to a stream.
        let socket = try RawSocket(port: world.client.port)
        try #require(try await socket.open(as: plot.admin) == 101)
        try socket.say("{\"type\":\"subscribe\",\"filter\":{}}")
        while try await !socket.hear().contains("\"ready\"") {}
        let before = world.events.extent()?.last ?? 0
        world.publish(events)
        let last = world.events.extent()?.last ?? 0
        var waiting = Set(made)
        while !waiting.isEmpty {
            let text = try await socket.hear()
            waiting = waiting.filter { !text.contains($0) }
        }
        try await socket.leave(.orderly)
        let target = "/api/v1/events?follow=false&from=\(before)"
        // Where one begins that begins with the newest is as far as everybody's tail has come.
        try await eventually {
            try await world.must(200, "GET", "/api/v1/events?follow=false&last=0", as: plot.admin).text
                .contains("\"sequence\":\(last)")
        }
        let own = try await world.must(200, "GET", target, as: plot.admin).text
        for id in made { #expect(own.contains(id)) }
        let foreign = try await world.must(200, "GET", target, as: other.admin).text
        for id in made { #expect(!foreign.contains(id)) }
        #expect(!foreign.contains(plot.tenant.description))
    }

    @Test(.proves("WS-04", "WS-08", "E-58"))
    func `property 58: a client that went, however it went, leaves nothing behind`()
        async throws
    {
        let world = try await GatewayWorld()
        let people = [try await world.person(.nocEngineer), try await world.person(.tenantAdmin)]
        @Sendable func gauge(_ name: String) -> Double? {
            String(decoding: world.registry.render(), as: UTF8.self).split(separator: "\n")
                .first { $0.hasPrefix("\(name) ") }.flatMap { Double($0.split(separator: " ")[1]) }
        }
        try await cases("property 58") { number, draw in
            let person = people[number % 2]
            // The seat of who went before may be given back a moment later.
            var opened: RawSocket?
            try await eventually {
                let socket = try RawSocket(port: world.client.port)
                if try await socket.open(as: person) == 101 {
                    opened = socket
                    return true
                }
                try await socket.leave(.orderly)
                return false
            }
            let socket = try #require(opened)
            if draw.chance(70) {
                try socket.say("{\"type\":\"subscribe\",\"filter\":{\"user\":\"\(draw.plain())\"}}")
                if draw.chance(60) { while try await !socket.hear().contains("\"ready\"") {} }
            }
            #expect(gauge("live_connections") ?? 0 >= 1)
            try await socket.leave(draw.choice(RawSocket.Farewell.allCases))
        }
        for name in ["live_connections", "http_websockets", "live_histories"] {
            try await eventually { gauge(name) == 0 }
        }
        // As many as ever may be open again, and one more may not.
        for person in people {
            var sockets: [RawSocket] = []
            for number in 0..<6 {
                let socket = try RawSocket(port: world.client.port)
                #expect(try await socket.open(as: person) == (number < 5 ? 101 : 429), "\(number)")
                sockets.append(socket)
            }
            for socket in sockets { try await socket.leave(.orderly) }
        }
        try await eventually { gauge("live_connections") == 0 && gauge("http_websockets") == 0 }
        try await world.close()
    }
}
