internal import Admission
internal import Concurrency
internal import Domain
internal import Glibc
internal import Redis

/// One run: each service asks once for a session and an address of one pool, in calls as large as radius-server's, three at
/// a time. Confined to one thread.
final class AdmissionRun {
    struct Failure: Error {
        let reason: String
    }

    private static let batchSize = 128
    private static let callsAtOnce = 3
    private let link: AdmissionLink
    private let pool: AddressPool
    private let count: Int
    /// Services that have none yet.
    private var waiting: [UInt64]
    private var asked: [UInt64: [UInt64]] = [:]
    private var lastToken: UInt64 = 0
    private var loaded: (block: UInt32, blocks: UInt32)?
    private var given: Set<UInt64> = []
    private var admitted = 0
    private var calls = 0
    private var failure: Failure?

    /// Whether everybody has one.
    var isDone: Bool { admitted == count }
    /// Addresses that somebody had already.
    var twice: Int { admitted - given.count }

    init(_ link: AdmissionLink, count: Int) throws {
        guard let range = IPPrefix("10.0.0.0/12"),
            let pool = AddressPool(id: PoolID(UUID128(high: 1, low: 1)), use: .ipv4, range: range, unitLength: 32)
        else { throw Failure(reason: "no pool") }
        self.link = link
        self.pool = pool
        self.count = count
        waiting = (1...UInt64(count)).reversed()
        given.reserveCapacity(count)
    }

    /// Runs to the end; what came of it, as JSON.
    func finish() throws -> String {
        let limit = Deadline.after(.seconds(60))
        while !link.isOpen, !limit.hasPassed { try turn() }
        let began = SystemClock.monotonicNanoseconds()
        while admitted < count, !limit.hasPassed { try turn() }
        let seconds = Double(SystemClock.monotonicNanoseconds() - began) / 1e9
        return "{\"allocated\":\(given.count),\"twice\":\(twice),\"calls\":\(calls),\"seconds\":\(seconds),"
            + "\"per_second\":\(Double(given.count) / seconds)}"
    }

    private func turn() throws {
        _ = link.advance(now: SystemClock.monotonicNanoseconds()) { token, answer in take(token, answer) }
        if let failure { throw failure }
        while link.isOpen, !waiting.isEmpty, asked.count < Self.callsAtOnce { ask() }
        var set = pollfd(fd: link.descriptor, events: Int16(POLLIN), revents: 0)
        if link.wantsWriting { set.events |= Int16(POLLOUT) }
        _ = unsafe poll(&set, 1, 5)
    }

    private func ask() {
        var batch = AdmissionBatch()
        let services = Array(waiting.suffix(Self.batchSize))
        waiting.removeLast(services.count)
        for service in services {
            var request = AdmissionRequest(
                service: UUID128(high: 2, low: service),
                device: DeviceKey(service),
                nas: UUID128(high: 3, low: 1),
                admission: UUID128(high: 4, low: service)
            )
            request.pools[0] = PoolTerms(pool)
            _ = batch.append(request)
        }
        lastToken += 1
        calls += 1
        asked[lastToken] = services
        if !link.admit(batch, token: lastToken, now: SystemClock.monotonicNanoseconds()) {
            failure = Failure(reason: "Redis is away")
        }
    }

    private func take(_ token: UInt64, _ answer: AdmissionLink.Answer) {
        if case .failed = answer {
            let reason = link.trouble.map { "\($0)" } ?? "no answer"
            return failure = Failure(reason: reason)
        }
        guard let services = asked.removeValue(forKey: token), case .octets(let octets) = answer else { return }
        var results = unsafe AdmissionResults(octets)
        for service in services {
            switch results.next() {
            case .admitted(let result):
                admitted += 1
                if let offset = result.offsets[0] { given.insert(offset) }
            case .blockWanted(_, let block):
                load(block)
                waiting.append(service)
            case let other: failure = Failure(reason: "\(String(describing: other))")
            }
        }
    }

    private func load(_ block: UInt32) {
        guard loaded?.block != block else { return }
        let blocks = min(8, 2 * (loaded?.blocks ?? 1))
        loaded = (block, blocks)
        lastToken += 1
        let now = SystemClock.monotonicNanoseconds()
        _ = link.load(pool, block: block, count: blocks, isFree: { _ in true }, token: lastToken, now: now)
    }
}
