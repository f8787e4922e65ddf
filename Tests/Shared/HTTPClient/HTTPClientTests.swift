import Concurrency
import HTTPClient
import HTTPServer
import SharedTesting
import Synchronization
import Testing

@Suite(.proves("PLT-27")) struct HTTPClientTests {
    /// Says what came: the method, a field, and the body's octets.
    @Sendable static func echo(_ request: Request) async -> Response {
        guard let body = try? await request.body(limit: .max) else { return Response(.badRequest) }
        var response = Response.bytes(body, contentType: "application/octet-stream", status: .created)
        response.headers["x-method"] = HeaderValue(withoutControls: request.method.name)
        response.headers["x-saw"] = HeaderValue(withoutControls: request.headers["x-said"] ?? "nothing")
        response.headers["x-expect"] = HeaderValue(withoutControls: request.headers["expect"] ?? "nothing")
        return response
    }

    @Test(arguments: ClientRequest.Method.allCases) func `every method carries its fields and its octets`(
        method: ClientRequest.Method
    ) async throws {
        try await withLocalServer(respond: Self.echo) { url in
            let client = try HTTPClient()
            let hasBody = method == .put || method == .post
            let octets: [UInt8] = hasBody ? Array("some octets".utf8) : []
            let answer = try await client.send(
                ClientRequest(
                    method,
                    url + "/a%20path?q=1",
                    headers: [ClientHeader("X-Said", "hello")],
                    body: hasBody ? .octets(octets) : .none
                )
            )
            #expect(answer.status == 201)
            #expect(answer.header("X-METHOD") == method.rawValue)
            #expect(answer.header("x-saw") == "hello")
            #expect(answer.header("x-expect") == "nothing")
            #expect(answer.body == octets)
            await client.shutdown()
        }
    }

    @Test func `a large body of octets and one of a stream arrive as they were sent`() async throws {
        var random = SeededRandom()
        let octets = random.bytes(3_000_001)
        try await withLocalServer(respond: Self.echo) { url in
            let client = try HTTPClient()
            let request = ClientRequest(.put, url, body: .octets(octets), responseLimit: 4 << 20)
            #expect(try await client.send(request).body == octets)
            let place = Mutex(0)
            let stream = UploadStream(length: octets.count) {
                // A source that others' work lies between must not lose what it gave.
                await Task.yield()
                return place.withLock { place -> [UInt8]? in
                    guard place < octets.count else { return nil }
                    let piece = Array(octets[place..<min(octets.count, place + 70_001)])
                    place += piece.count
                    return piece
                }
            }
            let streamed = ClientRequest(.put, url, body: .stream(stream), responseLimit: 4 << 20)
            #expect(try await client.send(streamed).body == octets)
            await client.shutdown()
        }
    }

    @Test func `a file is sent as it lies`() async throws {
        let folder = try TemporaryDirectory()
        let text = (0..<60_000).map { "line \($0)\n" }.joined()
        let octets = Array(text.utf8)
        let path = try folder.write(text, to: "body")
        try await withLocalServer(respond: Self.echo) { url in
            let client = try HTTPClient()
            let pool = WorkerPool(name: "file", threads: 1)
            defer { pool.shutdown() }
            let request = ClientRequest(.put, url, body: .stream(try .file(path, reading: pool)))
            #expect(try await client.send(request).body == octets)
            await client.shutdown()
        }
    }

    @Test(arguments: [5, 15]) func `a source that gives another number of octets than it said fails the request`(
        said: Int
    ) async throws {
        try await withLocalServer(respond: Self.echo) { url in
            let client = try HTTPClient()
            let given = Mutex(false)
            let stream = UploadStream(length: said) {
                given.withLock { given in
                    defer { given = true }
                    return given ? nil : [UInt8](repeating: 1, count: 10)
                }
            }
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.send(ClientRequest(.put, url, body: .stream(stream)))
            }
            #expect(error?.code == .bodyFailed)
            await client.shutdown()
        }
    }

    @Test func `an answer over its limit is refused`() async throws {
        try await withLocalServer(respond: { _ in .text(String(repeating: "a", count: 2_000)) }) { url in
            let client = try HTTPClient()
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.send(ClientRequest(.get, url, responseLimit: 1_999))
            }
            #expect(error?.code == .responseTooLarge)
            #expect(try await client.send(ClientRequest(.get, url, responseLimit: 2_000)).body.count == 2_000)
            await client.shutdown()
        }
    }

    @Test func `a redirect is an answer and is not followed`() async throws {
        let asked = Atomic<Int>(0)
        try await withLocalServer(
            respond: { _ in
                asked.add(1, ordering: .relaxed)
                var response = Response(HTTPStatus(302))
                response.headers["location"] = "/elsewhere"
                return response
            }
        ) { url in
            let client = try HTTPClient()
            let answer = try await client.send(ClientRequest(.get, url))
            #expect(answer.status == 302)
            #expect(answer.header("location") == "/elsewhere")
            await client.shutdown()
        }
        #expect(asked.load(ordering: .relaxed) == 1)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "127.0.0.1", "http://a b/"])
    func `anything but http and https is refused`(url: String) async throws {
        let client = try HTTPClient()
        let error = await #expect(throws: HTTPClientError.self) { try await client.send(ClientRequest(.get, url)) }
        #expect(error?.code == .invalidRequest)
        await client.shutdown()
    }

    @Test(arguments: ["a: b\r\nc", "line\nbreak", "nul\0"]) func `a field cannot become another`(value: String)
        async throws
    {
        let client = try HTTPClient()
        let error = await #expect(throws: HTTPClientError.self) {
            try await client.send(ClientRequest(.get, "http://127.0.0.1:1/", headers: [ClientHeader("x-a", value)]))
        }
        #expect(error?.code == .invalidRequest)
        await client.shutdown()
    }

    @Test func `a port where nobody listens is unreachable`() async throws {
        let client = try HTTPClient()
        let error = await #expect(throws: HTTPClientError.self) {
            try await client.send(ClientRequest(.get, "http://127.0.0.1:1/"))
        }
        #expect(error?.code == .unreachable)
        #expect(error?.isTransient == true)
        await client.shutdown()
    }

    @Test func `a deadline ends a request that nobody answers`() async throws {
        let gate = Gate()
        try await withLocalServer(
            respond: { _ in
                await gate.wait()
                return .text("late")
            }
        ) { url in
            defer { gate.open() }
            let client = try HTTPClient()
            let error = await #expect(throws: HTTPClientError.self) {
                try await client.send(ClientRequest(.get, url, within: .milliseconds(100)))
            }
            #expect(error?.code == .timeout)
            #expect(client.requestsUnderWay == 0)
            await client.shutdown()
        }
    }

    @Test func `a cancelled task's request ends at once`() async throws {
        let gate = Gate()
        try await withLocalServer(
            respond: { _ in
                await gate.wait()
                return .text("late")
            }
        ) { url in
            defer { gate.open() }
            let client = try HTTPClient()
            let outcome = await withTaskGroup(of: HTTPClientError.Code?.self) { group in
                group.addTask {
                    do throws(HTTPClientError) {
                        _ = try await client.send(ClientRequest(.get, url, within: .seconds(600)))
                        return nil
                    } catch {
                        return error.code
                    }
                }
                try? await eventually { gate.isAwaited }
                group.cancelAll()
                return await group.next() ?? nil
            }
            #expect(outcome == .cancelled)
            #expect(client.requestsUnderWay == 0)
            await client.shutdown()
        }
    }

    @Test func `no more requests than configured are under way`() async throws {
        let gate = Gate()
        try await withLocalServer(
            respond: { _ in
                await gate.wait()
                return .text("done")
            }
        ) { url in
            var configuration = HTTPClientConfiguration()
            configuration.maximumRequests = 1
            let client = try HTTPClient(configuration)
            let status = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await client.send(ClientRequest(.get, url)).status }
                try await eventually { gate.isAwaited }
                let error = await #expect(throws: HTTPClientError.self) {
                    try await client.send(ClientRequest(.get, url))
                }
                #expect(error?.code == .busy)
                gate.open()
                return try await group.next()
            }
            #expect(status == 200)
            await client.shutdown()
        }
    }

    @Test func `shutting down ends what is under way and refuses what comes`() async throws {
        let gate = Gate()
        try await withLocalServer(
            respond: { _ in
                await gate.wait()
                return .text("late")
            }
        ) { url in
            defer { gate.open() }
            let client = try HTTPClient()
            let code = await withTaskGroup(of: HTTPClientError.Code?.self) { group in
                group.addTask {
                    do throws(HTTPClientError) {
                        _ = try await client.send(ClientRequest(.get, url))
                        return nil
                    } catch {
                        return error.code
                    }
                }
                try? await eventually { gate.isAwaited }
                await client.shutdown()
                return await group.next() ?? nil
            }
            #expect(code == .closed)
            let later = await #expect(throws: HTTPClientError.self) { try await client.send(ClientRequest(.get, url)) }
            #expect(later?.code == .closed)
        }
    }

    @Test func `many requests at once each get their own answer`() async throws {
        try await withLocalServer(respond: Self.echo) { url in
            let client = try HTTPClient()
            let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let octets = Array("\(number)".utf8)
                        return try await client.send(ClientRequest(.post, url, body: .octets(octets))).body != octets
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(wrong == 0)
            await client.shutdown()
        }
    }
}

/// Holds handlers until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
