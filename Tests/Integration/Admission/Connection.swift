import Admission
import Concurrency
import Domain
import Glibc
import Redis
import SharedTesting

/// A connection that waits for each answer. Confined to one thread.
final class Connection {
    struct Lost: Error {}

    let channel = AdmissionChannel(RedisPipeline())
    private let url: RedisURL

    init(_ server: RealRedis) throws {
        url = try RedisURL(server.url)
        try open()
    }

    func open() throws {
        try channel.pipeline.open(url, scripts: AdmissionChannel.scripts)
        while channel.pipeline.status != .open { try wait { _, _ in } }
    }

    /// One round trip.
    func ask(_ send: (AdmissionChannel) -> Bool) throws -> [UInt8] {
        guard send(channel) else { throw Lost() }
        var answered: [UInt8]?
        var refusal: String?
        while answered == nil && refusal == nil {
            try wait { _, answer in
                refusal = answer.refusal
                answered = answer.integer.map { [UInt8](String($0).utf8) } ?? answer.string ?? []
            }
        }
        if let refusal { throw RedisError.refused(refusal) }
        return answered ?? []
    }

    func command(_ words: String...) throws -> String {
        String(decoding: try ask { $0.pipeline.append(words.map { Array($0.utf8) }, token: 0) }, as: UTF8.self)
    }

    /// The results of a batch; loads the blocks that it turns out to need and asks again.
    func admit(_ requests: [AdmissionRequest], pools: [AddressPool] = []) throws -> [AdmissionResult] {
        var batch = AdmissionBatch()
        for request in requests { _ = batch.append(request) }
        let octets = try ask { $0.admit(batch, token: 0) }
        var results = unsafe octets.withUnsafeBytes { octets in
            var reader = unsafe AdmissionResults(octets)
            var results: [AdmissionResult] = []
            while let result = reader.next() { results.append(result) }
            return results
        }
        for (index, result) in results.enumerated() {
            guard case .blockWanted(let use, let block) = result,
                let terms = requests[index].pools[Int(use.rawValue)],
                let pool = pools.first(where: { $0.id == terms.id })
            else { continue }
            _ = try ask { $0.load(pool, block: block, isFree: { _ in true }, token: 0) }
            results[index] = try admit([requests[index]], pools: pools)[0]
        }
        return results
    }

    func report(_ reports: SessionReport...) throws -> Int {
        var octets: [UInt8] = []
        for report in reports { report.append(to: &octets) }
        return Int(String(decoding: try ask { $0.report(octets, token: 0) }, as: UTF8.self)) ?? -1
    }

    private func wait(_ deliver: (UInt64, borrowing RedisAnswer) -> Void) throws {
        let pipeline = channel.pipeline
        var set = pollfd(fd: pipeline.descriptor, events: Int16(POLLIN), revents: 0)
        if pipeline.wantsWriting { set.events |= Int16(POLLOUT) }
        guard unsafe poll(&set, 1, 10_000) > 0 else { throw Lost() }
        try pipeline.advance(deliver)
    }
}

/// Ids that tell in a failure which one they were.
func id(_ kind: UInt64, _ number: Int) -> UUID128 { UUID128(high: kind << 32 | 0x7000, low: 1 << 63 | UInt64(number)) }

func request(_ service: Int, device: UInt64 = 1, admission: Int, limit: UInt8 = 1) -> AdmissionRequest {
    var request = AdmissionRequest(
        service: id(1, service),
        device: DeviceKey(device),
        nas: id(2, 1),
        admission: id(3, admission)
    )
    request.limit = limit
    return request
}

func pool(_ number: Int, _ range: String, use: AddressPool.Use = .ipv4, unit: Int = 32, sticky: UInt32 = 86_400)
    -> AddressPool?
{
    guard let range = IPPrefix(range) else { return nil }
    return AddressPool(id: PoolID(id(4, number)), use: use, range: range, unitLength: unit, stickySeconds: sticky)
}
