import Concurrency
import HTTPClient
import HTTPServer
import SharedTesting
import Synchronization
import Testing

/// Which addresses a client connects to, and how much of an answer it takes.
@Suite(.proves("PLT-25", "PLT-27")) struct ReachTests {
    @Test func `an address that may not be reached is not connected to, by whatever name`() async throws {
        let asked = Mutex<[ClientAddress]>([])
        let came = Mutex(0)
        try await withLocalServer(
            respond: { _ in
                came.withLock { $0 += 1 }
                return Response(.ok)
            },
            body: { url in
                var configuration = HTTPClientConfiguration()
                configuration.reaches = { address in
                    asked.withLock { $0.append(address) }
                    return false
                }
                let client = try HTTPClient(configuration)
                let port = url.split(separator: ":").last.map(String.init) ?? ""
                for host in ["127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]"] {
                    await #expect(throws: HTTPClientError.self, "\(host)") {
                        _ = try await client.send(ClientRequest(.get, "http://\(host):\(port)/"))
                    }
                }
                do throws(HTTPClientError) {
                    _ = try await client.send(ClientRequest(.get, url))
                    Issue.record("it was reached")
                } catch {
                    #expect(error.code == .forbidden && !error.isTransient)
                }
                await client.shutdown()
            }
        )
        #expect(came.withLock { $0 } == 0)
        #expect(asked.withLock { $0.contains(ClientAddress(octets: [127, 0, 0, 1])) })
    }

    @Test func `one that may be is`() async throws {
        try await withLocalServer(respond: HTTPClientTests.echo) { url in
            var configuration = HTTPClientConfiguration()
            configuration.reaches = { $0.octets.first == 127 }
            let client = try HTTPClient(configuration)
            // The second goes by the connection of the first.
            for _ in 0..<2 {
                let answer = try await client.send(ClientRequest(.post, url, body: .octets(Array("x".utf8))))
                #expect(answer.status == 201 && answer.body == Array("x".utf8))
            }
            await client.shutdown()
        }
    }

    /// Over a kept connection that is gone libcurl would say it again by itself.
    @Test(.proves("NTF-03")) func `what must not be said twice has a connection of its own`() async throws {
        let opened = Mutex(0)
        try await withLocalServer(respond: HTTPClientTests.echo) { url in
            var configuration = HTTPClientConfiguration()
            configuration.reaches = { _ in
                opened.withLock { $0 += 1 }
                return true
            }
            let client = try HTTPClient(configuration)
            for _ in 0..<3 {
                var request = ClientRequest(.post, url, body: .octets(Array("x".utf8)))
                request.isSaidOnce = true
                #expect(try await client.send(request).status == 201)
            }
            await client.shutdown()
        }
        #expect(opened.withLock { $0 } == 3)
    }

    @Test func `an answer that is too long is cut where that is wanted, and fails otherwise`() async throws {
        try await withLocalServer(
            respond: { _ in Response.bytes([UInt8](repeating: 7, count: 300_000), contentType: "text/plain") },
            body: { url in
                let client = try HTTPClient()
                var request = ClientRequest(.get, url, responseLimit: 1_000)
                request.cutsResponse = true
                let answer = try await client.send(request)
                #expect(answer.status == 200 && answer.body == [UInt8](repeating: 7, count: 1_000))
                await #expect(throws: HTTPClientError.self) {
                    _ = try await client.send(ClientRequest(.get, url, responseLimit: 1_000))
                }
                await client.shutdown()
            }
        )
    }
}
