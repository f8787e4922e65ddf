import HTTPClient
import HTTPServer
import ObjectStorage
import ObjectStoreSimulator
import Observability
import SharedTesting
import Testing

@Suite(.proves("PLT-27")) struct ObjectStorageTests {
    /// Runs a store and a client of it for the length of `body`.
    private func withStore(
        secretKey: String = "a secret/key+of=the client",
        _ configure: @escaping @Sendable (inout ObjectStorageConfiguration) -> Void = { _ in },
        body: @escaping @Sendable (ObjectStore, ObjectStorage, HTTPClient) async throws -> Void
    ) async throws {
        let store = ObjectStore(bucket: "files", accessKey: "AKID", secretKey: "a secret/key+of=the client")
        var served = HTTPServerConfiguration()
        served.limits.body = 64 << 20
        let server = try HTTPServer(
            served,
            metrics: HTTPServerMetrics(MetricsRegistry()),
            logger: Logger(service: "test", level: .fatal, sink: SilentSink()),
            respond: { await store.respond(to: $0) }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await eventually { server.port != nil }
                defer { server.drain(within: .seconds(10)) }
                var configuration = try ObjectStorageConfiguration(
                    url: "http://127.0.0.1:\(server.port ?? 0)",
                    bucket: "files",
                    region: "us-east-1",
                    accessKey: "AKID",
                    secretKey: secretKey
                )
                configure(&configuration)
                let client = try HTTPClient()
                let metrics = ObjectStorageMetrics(MetricsRegistry())
                try await body(store, ObjectStorage(configuration, client: client, metrics: metrics), client)
                await client.shutdown()
            }
            while try await group.next() != nil {}
        }
    }

    private static func key(_ text: String = "folder/a-file.csv") throws -> ObjectKey {
        try #require(ObjectKey(text))
    }

    @Test func `an object is put, found, read and deleted`() async throws {
        try await withStore { store, storage, _ in
            let key = try Self.key()
            let octets = Array("id,name\n1,Ada\n".utf8)
            #expect(try await storage.facts(key) == nil)
            try await storage.put(key, octets, contentType: "text/csv")
            #expect(store.object(key.text) == octets)
            let facts = try #require(try await storage.facts(key))
            #expect(facts.octets == octets.count)
            #expect(facts.contentType == "text/csv")
            #expect(!facts.isEncrypted)
            #expect(try await storage.get(key, limit: 1_000) == octets)
            let tooLarge = await #expect(throws: ObjectStorageError.self) { try await storage.get(key, limit: 3) }
            #expect(tooLarge == .tooLarge)
            try await storage.delete(key)
            try await storage.delete(key)
            #expect(store.keys.isEmpty)
            let missing = await #expect(throws: ObjectStorageError.self) { try await storage.get(key, limit: 10) }
            #expect(missing == .notFound)
        }
    }

    @Test func `a wrong secret is refused and not tried again`() async throws {
        try await withStore(secretKey: "another") { store, storage, _ in
            let key = try Self.key()
            let error = await #expect(throws: ObjectStorageError.self) {
                try await storage.put(key, [1], contentType: "text/csv")
            }
            #expect(error == .refused(status: 403, code: "SignatureDoesNotMatch"))
            #expect(store.keys.isEmpty)
        }
    }

    @Test func `encryption is asked for and an answer without it refused`() async throws {
        try await withStore({ $0.encrypts = true }) { store, storage, _ in
            let key = try Self.key()
            try await storage.put(key, [1, 2], contentType: "text/csv")
            #expect(try await storage.facts(key)?.isEncrypted == true)
            store.fail(.unencrypted)
            let error = await #expect(throws: ObjectStorageError.self) {
                try await storage.put(key, [1, 2], contentType: "text/csv")
            }
            #expect(error == .notEncrypted)
        }
    }

    /// Octets that differ from part to part.
    private static func octets(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 >> 10 ^ $0) } }

    @Test(arguments: [
        (0, 1), (5, 1), (5 << 20, 1), (5 << 20 + 1, 2), (12_000_000, 3),
    ]) func `a stream becomes the object, in as many parts as it needs`(count: Int, parts: Int) async throws {
        try await withStore({
            $0.partOctets = 5 << 20; $0.encrypts = true
        }) { store, storage, _ in
            let key = try Self.key()
            let octets = Self.octets(count)
            let writer = storage.writer(key, contentType: "text/csv")
            for start in stride(from: 0, to: count, by: 700_001) {
                try await writer.append(Array(octets[start..<min(count, start + 700_001)]))
            }
            #expect(store.keys.isEmpty)
            try await writer.finish()
            #expect(store.object(key.text) == octets)
            #expect(writer.octets == count)
            #expect(store.openUploads == 0)
            #expect(try await storage.facts(key)?.isEncrypted == true)
            #expect(store.asked.count { $0.hasPrefix("PUT ") } == parts)
        }
    }

    @Test func `an aborted upload leaves nothing`() async throws {
        try await withStore({ $0.partOctets = 5 << 20 }) { store, storage, _ in
            let writer = storage.writer(try Self.key(), contentType: "text/csv")
            try await writer.append(Self.octets(6 << 20))
            #expect(store.openUploads == 1)
            let upload = try #require(writer.upload)
            try await writer.abort()
            #expect(store.openUploads == 0)
            #expect(store.keys.isEmpty)
            // By whoever finds its name in a row, too.
            try await storage.abort(try Self.key(), upload: upload)
        }
    }

    @Test(arguments: [500, 502, 503, 429]) func `what fails for the store's sake is tried again`(status: Int)
        async throws
    {
        try await withStore { store, storage, _ in
            let key = try Self.key()
            store.fail(.status(status), times: 2)
            try await storage.put(key, [1, 2, 3], contentType: "text/csv")
            #expect(store.object(key.text) == [1, 2, 3])
            #expect(store.asked == ["PUT \(key)", "PUT \(key)", "PUT \(key)"])
        }
    }

    @Test func `attempts have an end`() async throws {
        try await withStore({ $0.attempts = 3 }) { store, storage, _ in
            let key = try Self.key()
            store.fail(.status(503), times: 100)
            let error = await #expect(throws: ObjectStorageError.self) {
                try await storage.put(key, [1], contentType: "text/csv")
            }
            #expect(error == .refused(status: 503, code: "SlowDown"))
            #expect(store.asked.count == 3)
        }
    }

    @Test func `a refusal is not tried again`() async throws {
        try await withStore { store, storage, _ in
            store.fail(.status(400))
            let key = try Self.key()
            _ = await #expect(throws: ObjectStorageError.self) {
                try await storage.put(key, [1], contentType: "text/csv")
            }
            #expect(store.asked.count == 1)
        }
    }

    @Test func `completing that fails behind a success is tried again`() async throws {
        try await withStore({ $0.partOctets = 5 << 20 }) { store, storage, _ in
            let key = try Self.key()
            let octets = Self.octets(6 << 20)
            let writer = storage.writer(key, contentType: "text/csv")
            try await writer.append(octets)
            store.fail(.lateError) { $0.method == .post && $0.query["uploadId"] != nil }
            try await writer.finish()
            #expect(store.object(key.text) == octets)
        }
    }

    @Test func `completing whose answer was lost is known to be done`() async throws {
        try await withStore({ $0.partOctets = 5 << 20 }) { store, storage, _ in
            let key = try Self.key()
            let octets = Self.octets(6 << 20)
            let writer = storage.writer(key, contentType: "text/csv")
            try await writer.append(octets)
            store.fail(.lost(500)) { $0.method == .post && $0.query["uploadId"] != nil }
            try await writer.finish()
            #expect(store.object(key.text) == octets)
        }
    }

    @Test func `a link gives the object to whoever has it, under its name and no other`() async throws {
        try await withStore { store, storage, client in
            let key = try Self.key()
            let octets = Array("id\n1\n".utf8)
            try await storage.put(key, octets, contentType: "text/csv")
            let link = storage.link(to: key, seconds: 300, fileName: "customers.csv", contentType: "text/csv")
            let answer = try await client.send(ClientRequest(.get, link))
            #expect(answer.status == 200)
            #expect(answer.body == octets)
            #expect(answer.header("content-disposition") == "attachment; filename=\"customers.csv\"")
            for (found, instead) in [("customers.csv", "others.csv"), ("a-file.csv", "b-file.csv"), ("=300", "=301")] {
                let forged = link.replacing(found, with: instead)
                #expect(forged != link)
                #expect(try await client.send(ClientRequest(.get, forged)).status == 403)
            }
        }
    }

    @Test(arguments: [
        "", "ftp://store", "http://", "http://user@store", "http://store/?q", "http://store/#f", "store:9000",
    ]) func `what is no place is refused`(url: String) {
        #expect(throws: ObjectStorageError.self) {
            try ObjectStorageConfiguration(
                url: url,
                bucket: "files",
                region: "us-east-1",
                accessKey: "a",
                secretKey: "b"
            )
        }
    }

    @Test(arguments: ["", "ab", "Upper", "with space", "under_score", String(repeating: "a", count: 64)])
    func `what is no bucket is refused`(bucket: String) {
        #expect(throws: ObjectStorageError.self) {
            try ObjectStorageConfiguration(
                url: "http://store",
                bucket: bucket,
                region: "us-east-1",
                accessKey: "a",
                secretKey: "b"
            )
        }
    }
}

struct SilentSink: LogSink {
    func write(_ line: [UInt8]) {}
}
