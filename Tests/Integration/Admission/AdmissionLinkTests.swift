import Admission
import Concurrency
import Domain
import Glibc
import Redis
import SharedTesting
import Testing

/// Drives a link as a receiver thread does. Confined to one thread.
private final class Driver {
    let link: AdmissionLink
    private(set) var answers: [(token: UInt64, text: String)] = []

    init(_ locator: RedisLocator, _ settings: AdmissionLink.Settings = .init()) {
        link = AdmissionLink(locator: locator, settings: settings)
    }

    func turn() {
        _ = link.advance(now: SystemClock.monotonicNanoseconds()) { token, answer in
            switch answer {
            case .octets(let octets): answers.append((token, "\(octets.count) octets"))
            case .number(let number): answers.append((token, "\(number)"))
            case .failed(let known): answers.append((token, known ? "refused" : "unknown"))
            }
        }
        var set = pollfd(fd: link.descriptor, events: Int16(POLLIN), revents: 0)
        if link.wantsWriting { set.events |= Int16(POLLOUT) }
        _ = unsafe poll(&set, 1, 5)
    }

    func turn(until condition: (Driver) -> Bool) throws {
        let limit = Deadline.after(.seconds(20))
        while !condition(self) {
            if limit.hasPassed { throw Connection.Lost() }
            turn()
        }
    }

    func admit(_ request: AdmissionRequest, token: UInt64) -> Bool {
        var batch = AdmissionBatch()
        _ = batch.append(request)
        return link.admit(batch, token: token, now: SystemClock.monotonicNanoseconds())
    }
}

@Suite(.serialized) struct AdmissionLinkTests {
    @Test func `questions end in one answer each, over the server's death and return`() async throws {
        let server = try await RealRedis.start()
        let locator = RedisLocator(try RedisPlace(server.url))
        #expect(try await locator.locate())
        #expect(try await !locator.locate())
        let driver = Driver(locator)
        #expect(!driver.admit(request(1, admission: 1), token: 1))
        try driver.turn { $0.link.isOpen }
        #expect(driver.admit(request(1, admission: 1), token: 2))
        try driver.turn { $0.answers.count == 1 }
        #expect(driver.answers[0] == (2, "21 octets"))
        try await server.kill()
        let asked = driver.admit(request(1, admission: 2), token: 3)
        try driver.turn { !$0.link.isOpen && $0.link.outstanding == 0 }
        #expect(driver.answers.dropFirst().map(\.token) == (asked ? [3] : []))
        #expect(driver.link.trouble != nil)
        try await server.start()
        try driver.turn { $0.link.isOpen }
        #expect(driver.link.trouble == nil)
    }

    @Test func `a question asked while an answer is delivered has its full time`() async throws {
        let server = try await RealRedis.start()
        let locator = RedisLocator(try RedisPlace(server.url))
        _ = try await locator.locate()
        let driver = Driver(locator)
        try driver.turn { $0.link.isOpen }
        #expect(driver.admit(request(1, admission: 1), token: 1))
        var next = false
        let limit = Deadline.after(.seconds(20))
        while !next, !limit.hasPassed {
            // The question is younger than the instant at which its owner looked for answers.
            let looked = SystemClock.monotonicNanoseconds()
            _ = driver.link.advance(now: looked) { token, _ in
                next = token == 1 && driver.admit(request(1, admission: 2), token: 2)
            }
        }
        try driver.turn { $0.answers.count == 1 }
        #expect(driver.answers[0] == (2, "21 octets") && driver.link.generation == 1)
    }

    @Test func `a server that answers nothing is given up in time`() async throws {
        let server = try await RealRedis.start()
        let locator = RedisLocator(try RedisPlace(server.url))
        _ = try await locator.locate()
        let driver = Driver(locator)
        try driver.turn { $0.link.isOpen }
        try await server.freeze()
        #expect(driver.admit(request(1, admission: 1), token: 7))
        try driver.turn { $0.answers.count == 1 }
        #expect(driver.answers[0] == (7, "unknown"))
        server.thaw()
        try driver.turn { $0.link.isOpen }
        try await server.kill()
    }

    @Test(.proves("IPAM-08")) func `a grant that no replica has is not a grant`() async throws {
        let server = try await RealRedis.start()
        let locator = RedisLocator(try RedisPlace(server.url))
        _ = try await locator.locate()
        var settings = AdmissionLink.Settings()
        settings.replicas = 1
        let driver = Driver(locator, settings)
        try driver.turn { $0.link.isOpen }
        #expect(driver.admit(request(1, admission: 1), token: 1))
        try driver.turn { $0.answers.count == 1 }
        #expect(driver.answers[0].text == "unknown")
        let replica = try await RealRedis.start(following: server)
        try driver.turn { driver in
            _ = driver.admit(request(1, admission: 1), token: 2)
            return driver.answers.last?.text == "21 octets"
        }
        try await replica.kill()
        try await server.kill()
    }

    @Test func `a refused script is told as refused`() async throws {
        let server = try await RealRedis.start()
        let other = try Connection(server)
        let locator = RedisLocator(try RedisPlace(server.url))
        _ = try await locator.locate()
        let driver = Driver(locator)
        try driver.turn { $0.link.isOpen }
        _ = try other.command("CONFIG", "SET", "maxmemory", "1")
        #expect(driver.admit(request(1, admission: 1), token: 1))
        try driver.turn { $0.answers.count == 1 }
        #expect(driver.answers[0].text == "refused")
        #expect(driver.link.isOpen)
        try await server.kill()
    }
}
