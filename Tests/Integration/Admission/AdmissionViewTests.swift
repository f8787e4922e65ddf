import Admission
import Domain
import Redis
import SharedTesting
import Testing

/// What a look foretells is what the script then does.
@Suite(.serialized) struct AdmissionViewTests {
    private static let pools = [pool(1, "192.168.0.0/29"), pool(2, "10.0.0.0/24", sticky: 0), pool(3, "10.1.0.0/28")]
        .compactMap { $0 }

    private func random(_ random: inout SeededRandom, admission: Int) -> AdmissionRequest {
        var wanted = request(
            Int.random(in: 1...6, using: &random),
            device: UInt64.random(in: 1...4, using: &random),
            admission: admission,
            limit: UInt8.random(in: 1...3, using: &random)
        )
        wanted.replacesOldest = Bool.random(using: &random)
        wanted.bindsDevice = Int.random(in: 0..<5, using: &random) == 0
        wanted.bindingGeneration = UInt32.random(in: 0...1, using: &random)
        wanted.hardwareAddress = Bool.random(using: &random) ? wanted.device.value : 0
        if let pool = Self.pools.randomElement(using: &random), Int.random(in: 0..<4, using: &random) > 0 {
            wanted.pools[0] = PoolTerms(pool)
        }
        return wanted
    }

    private func check(
        _ foretold: AdmissionView.Preview,
        _ result: AdmissionResult?,
        _ wanted: AdmissionRequest,
        _ comment: Comment
    ) {
        switch (foretold, result) {
        case (.limitReached, .limitReached), (.deviceMismatch, .deviceMismatch), (.notReady, .notReady): return
        case (.exhausted(let left), .exhausted(let right)): #expect(left == right, comment)
        case (.admitted(let admission), .admitted(let admitted)):
            #expect(admission.isRepeat == admitted.isRepeat, comment)
            #expect(admission.isNewlyBound == admitted.isNewlyBound, comment)
            // Sessions that began in the same millisecond leave in any order.
            #expect(admission.replaced.count == admitted.replaced.count, comment)
            switch admission.units[0] {
            case .same(let offset), .longestIdle(let offset): #expect(admitted.offsets[0] == offset, comment)
            case .anyFree: #expect(admitted.offsets[0] != nil, comment)
            case nil: #expect(admitted.offsets[0] == nil, comment)
            }
        default: Issue.record("foretold \(foretold), became \(String(describing: result)): \(comment)")
        }
    }

    @Test(.proves("SES-04", "IPAM-02")) func `what is foretold happens, and foretelling changes nothing`() async throws
    {
        var random = SeededRandom()
        let server = try await RealRedis.start()
        let redis = try Connection(server)
        let locator = RedisLocator(try RedisPlace(server.url))
        _ = try await locator.locate()
        let reader = AdmissionReader(locator)
        _ = try redis.command("SET", "ipam:ready", "1")
        var admitted: [AdmissionRequest] = []
        for number in 1...300 {
            let wanted = self.random(&random, admission: number)
            let pools = Self.pools.map(\.id)
            let foretold = try await reader.look(services: [wanted.service], pools: pools).preview(wanted)
            #expect(try await reader.look(services: [wanted.service], pools: pools).preview(wanted) == foretold)
            let result = try redis.admit([wanted], pools: Self.pools).first
            check(foretold, result, wanted, "request \(number) of seed \(random.seed)")
            if case .admitted = result { admitted.append(wanted) }
            guard Int.random(in: 0..<3, using: &random) == 0, let over = admitted.randomElement(using: &random) else {
                continue
            }
            _ = try redis.report(
                SessionReport(
                    .ended,
                    service: over.service,
                    device: over.device,
                    admission: over.admission,
                    nas: over.nas
                )
            )
        }
        try await server.kill()
    }

    @Test func `leases that are not loaded are told, and so is a Redis that is away`() async throws {
        let server = try await RealRedis.start()
        let locator = RedisLocator(try RedisPlace(server.url))
        let reader = AdmissionReader(locator)
        await #expect(throws: RedisError.self) { try await reader.look(services: [], pools: []) }
        _ = try await locator.locate()
        var wanted = request(1, admission: 1)
        let pool = try #require(Self.pools.first)
        wanted.pools[0] = PoolTerms(pool)
        #expect(try await reader.look(services: [wanted.service], pools: [pool.id]).preview(wanted) == .notReady)
        try await server.kill()
        await #expect(throws: RedisError.self) { try await reader.look(services: [wanted.service], pools: [pool.id]) }
    }
}
