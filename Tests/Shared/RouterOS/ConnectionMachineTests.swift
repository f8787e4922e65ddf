import Concurrency
import SharedTesting
import Testing

@testable import RouterOS

/// What the tests of the machines have in common.
enum RouterFixture {
    static let second: UInt64 = 1_000_000_000
    static let password = "correct horse"

    static func configuration(
        _ login: RouterConfiguration.Login = .automatic,
        _ change: (inout RouterPoolSettings) -> Void = { _ in }
    ) -> RouterConfiguration {
        var pool = RouterPoolSettings()
        change(&pool)
        return RouterConfiguration(
            host: "127.0.0.1",
            security: .plain,
            login: login,
            user: "nexora",
            password: password,
            pool: pool
        )
    }

    static func words(_ octets: [UInt8]) -> [[String]] {
        var decoder = SentenceDecoder()
        decoder.append(octets)
        var all: [[String]] = []
        while let sentence = try? decoder.next() {
            all.append(sentence.words.map { String(decoding: $0, as: UTF8.self) })
        }
        return all
    }

    static func sent(_ actions: [ConnectionMachine.Action]) -> [[String]] {
        var all: [[String]] = []
        for case .send(let octets) in actions { all += words(octets) }
        return all
    }

    static func ended(_ actions: [ConnectionMachine.Action]) -> [UInt64: Result<RouterAnswer, RouterOSError>] {
        var results: [UInt64: Result<RouterAnswer, RouterOSError>] = [:]
        for case .finished(let ticket, let result, _) in actions { results[ticket] = result }
        return results
    }

    static func closing(_ actions: [ConnectionMachine.Action]) -> RouterOSError? {
        for case .close(let error) in actions { return error }
        return nil
    }

    /// A machine that was let in.
    static func ready(_ change: (inout RouterPoolSettings) -> Void = { _ in }) -> ConnectionMachine {
        var machine = ConnectionMachine(configuration(.automatic, change))
        _ = machine.opened(now: 0)
        _ = machine.received(Sentence("!done").encoded, now: 0)
        return machine
    }
}

@Suite struct ConnectionMachineTests {
    private typealias F = RouterFixture

    @Test(.proves("MTK-03")) func `newer routers are told name and password`() {
        var machine = ConnectionMachine(F.configuration())
        #expect(F.sent(machine.opened(now: 0)) == [["/login", "=name=nexora", "=password=\(F.password)"]])
        #expect(!machine.isReady)
        let actions = machine.received(Sentence("!done").encoded, now: 1)
        #expect(actions == [.ready] && machine.isReady && machine.wasReady)
    }

    @Test(.proves("MTK-03"), arguments: RouterConfiguration.Login.allCases)
    func `a challenge of older routers is answered by its MD5`(login: RouterConfiguration.Login) {
        var machine = ConnectionMachine(F.configuration(login))
        let first = F.sent(machine.opened(now: 0))
        // Who asks for the challenge says nothing else.
        if login == .challenge { #expect(first == [["/login"]]) }
        let second = machine.received(Sentence("!done", "=ret=ebddd18303a54111e2dea05a92ab46b4").encoded, now: 1)
        // Made with Python's hashlib from b"\0" + password + the challenge's octets.
        #expect(F.sent(second) == [["/login", "=name=nexora", "=response=\(Self.response)"]])
        #expect(machine.received(Sentence("!done").encoded, now: 2) == [.ready])
    }

    private static let response = "00f7a4df83ab1f0a745a818152dafdc140"

    @Test(.proves("MTK-03")) func `a login that is refused says so, without the password`() throws {
        for message in ["invalid user name or password (6)", "cannot log in: \(F.password)"] {
            var machine = ConnectionMachine(F.configuration())
            _ = machine.opened(now: 0)
            let actions = machine.received(Sentence("!trap", "=message=\(message)").encoded, now: 1)
            let error = try #require(F.closing(actions))
            #expect(error.code == .loginRefused && !error.description.contains(F.password))
        }
        var newer = ConnectionMachine(F.configuration(.challenge))
        _ = newer.opened(now: 0)
        #expect(F.closing(newer.received(Sentence("!done").encoded, now: 1))?.code == .loginRefused)
        var silent = ConnectionMachine(F.configuration())
        _ = silent.opened(now: 0)
        #expect(silent.nextDeadline == 10 * F.second && silent.tick(now: 10 * F.second - 1).isEmpty)
        #expect(F.closing(silent.tick(now: 10 * F.second))?.code == .timeout)
    }

    @Test(.proves("MTK-03")) func `answers find their commands by the tag, in whatever order`() throws {
        var random = SeededRandom()
        for _ in 0..<100 {
            var machine = F.ready()
            let count = Int.random(in: 1...12, using: &random)
            var replies: [[Sentence]] = []
            for number in 1...UInt64(count) {
                let sent = machine.submit(RouterCommand("/x/print"), ticket: 100 + number, deadline: .max, now: 0)
                let tag = try #require(F.sent(sent).first?.last)
                let rows = Int.random(in: 0...3, using: &random)
                replies.append(
                    (0..<rows).map { Sentence("!re", "=of=\(number)", "=n=\($0)", tag) }
                        + (rows == 0 && random.next() % 2 == 0 ? [Sentence("!empty", tag)] : [])
                        + (number % 5 == 0 ? [Sentence("!trap", tag, "=message=failure: no")] : [])
                        + [Sentence("!done", "=ret=\(number)", tag)]
                )
            }
            // Mixed, each command's own in order.
            var ended: [UInt64: Result<RouterAnswer, RouterOSError>] = [:]
            while let index = replies.indices.filter({ !replies[$0].isEmpty }).randomElement(using: &random) {
                let actions = machine.received(replies[index].removeFirst().encoded, now: 5)
                ended.merge(F.ended(actions)) { _, new in new }
            }
            #expect(ended.count == count && machine.load == 0)
            for (ticket, result) in ended {
                let number = ticket - 100
                if number.isMultiple(of: 5) {
                    #expect(throws: RouterOSError.self) { try result.get() }
                    continue
                }
                let answer = try result.get()
                #expect(answer.end["ret"] == "\(number)" && answer.rows.allSatisfy { $0["of"] == "\(number)" })
                #expect(answer.rows.compactMap { $0["n"] } == answer.rows.indices.map(String.init))
            }
        }
    }

    @Test(.proves("MTK-03")) func `what takes too long is cancelled, and a router that confirms it stays`() {
        var machine = F.ready()
        _ = machine.submit(RouterCommand("/x/listen"), ticket: 1, deadline: 3 * F.second, now: 0)
        #expect(machine.nextDeadline == 3 * F.second)
        let actions = machine.tick(now: 3 * F.second)
        #expect(F.sent(actions) == [["/cancel", "=tag=1", ".tag=2"]])
        guard case .failure(let error)? = F.ended(actions)[1] else {
            Issue.record("no failure")
            return
        }
        #expect(error.code == .timeout && error.wasSent && error.disposition == .retry)
        // What still comes is for nobody.
        let late = [
            Sentence("!re", "=a=b", ".tag=1"), Sentence("!trap", "=category=2", "=message=interrupted", ".tag=1"),
            Sentence("!done", ".tag=1"), Sentence("!done", ".tag=2"),
        ]
        for sentence in late { #expect(machine.received(sentence.encoded, now: 4 * F.second).isEmpty) }
        #expect(machine.isReady && machine.load == 0 && machine.nextDeadline == nil)
    }

    @Test(.proves("MTK-03", "MTK-04")) func `a router that confirms nothing is given up, and all who wait are told`()
        throws
    {
        var machine = F.ready()
        _ = machine.submit(RouterCommand("/x/print"), ticket: 1, deadline: .max, now: 0)
        _ = machine.submit(RouterCommand("/y/print"), ticket: 2, deadline: .max, now: 0)
        let cancelled = machine.cancel(1, now: F.second)
        #expect(F.ended(cancelled).keys.sorted() == [1] && machine.cancel(1, now: F.second).isEmpty)
        let actions = machine.tick(now: 6 * F.second)
        #expect(F.closing(actions)?.code == .timeout && F.ended(actions).keys.sorted() == [2])
        #expect(machine.received(Sentence("!done", ".tag=2").encoded, now: 7 * F.second).isEmpty)
    }

    @Test(.proves("MTK-03")) func `a fatal word, noise and replies to nothing end the connection`() {
        let cases: [([UInt8], RouterOSError.Code)] = [
            (Sentence("!fatal", "session terminated on request").encoded, .terminated), ([0xFF], .protocolViolation),
            (Sentence("hello").encoded, .protocolViolation), (Sentence("!done", ".tag=99").encoded, .protocolViolation),
            (Sentence("!done").encoded, .protocolViolation),
        ]
        for (octets, code) in cases {
            var machine = F.ready()
            _ = machine.submit(RouterCommand("/x/set"), ticket: 1, deadline: .max, now: 0)
            let actions = machine.received(octets, now: 1)
            #expect(F.closing(actions)?.code == code)
            guard case .failure(let error)? = F.ended(actions)[1] else {
                Issue.record("whoever waited was not told")
                continue
            }
            #expect(error.code == code && error.wasSent)
        }
    }

    @Test(.proves("MTK-03")) func `an answer larger than is taken is refused, and the connection stays`() {
        var machine = F.ready { $0.rows = 2 }
        _ = machine.submit(RouterCommand("/x/print"), ticket: 1, deadline: .max, now: 0)
        let row = Sentence("!re", "=a=b", ".tag=1").encoded
        let actions = machine.received(row + row + row + row, now: 1)
        guard case .failure(let error)? = F.ended(actions)[1] else {
            Issue.record("no failure")
            return
        }
        #expect(
            error.code == .answerTooLarge && F.sent(actions) == [["/cancel", "=tag=1", ".tag=2"]] && machine.isReady
        )
    }

    @Test(
        .proves("MTK-03"),
        arguments: [
            (nil, "failure: secret with the same name already exists", .alreadyExists),
            (nil, "no such item", .noSuchItem),
            (nil, "failure: already have such entry", .alreadyExists), (0, "no such command prefix", .noSuchCommand),
            (0, "missing", .noSuchItem), (1, "invalid value for argument x", .invalidArgument),
            (2, "interrupted", .interrupted),
            (nil, "interrupted", .interrupted), (nil, "input does not match any value of profile", .invalidArgument),
            (4, "something", .failure), (nil, "not enough permissions (9)", .notPermitted), (7, "x", .failure),
            (nil, nil, .failure),
        ] as [(Int?, String?, RouterOSError.Code)]
    ) func `traps are told apart`(category: Int?, message: String?, code: RouterOSError.Code) throws {
        var row = RouterRow()
        if let category { row.attributes.append(.init(name: "category", value: Array("\(category)".utf8))) }
        if let message { row.attributes.append(.init(name: "message", value: Array(message.utf8))) }
        #expect(RouterOSError(trap: row, of: RouterCommand("/x/add")).code == code)
    }

    @Test(.proves("MTK-03")) func `what is secret in a command stands in no error`() {
        let command = RouterCommand("/ppp/secret/add").with("password", "s3cret", secret: true)
        let error = RouterOSError(trap: RouterRow(["message": "failure: s3cret\u{7}is weak: s3cret"]), of: command)
        #expect(error.message == "failure: <redacted> is weak: <redacted>")
        let long = RouterOSError(trap: RouterRow(["message": String(repeating: "x", count: 9_000)]), of: command)
        #expect(long.message.count == 200)
    }

    @Test(.proves("MTK-03")) func `whatever a router sends, everybody is told once`() {
        var random = SeededRandom()
        for _ in 0..<300 {
            var machine = F.ready()
            var waiting: Set<UInt64> = []
            var now: UInt64 = 0
            for step in 1...UInt64(40) where machine.isReady {
                now += UInt64.random(in: 0...F.second, using: &random)
                var actions: [ConnectionMachine.Action]
                switch random.next() % 6 {
                case 0, 1:
                    waiting.insert(step)
                    let deadline = now + UInt64.random(in: 1...(9 * F.second), using: &random)
                    actions = machine.submit(RouterCommand("/x/print"), ticket: step, deadline: deadline, now: now)
                case 2: actions = machine.cancel(waiting.randomElement(using: &random) ?? 0, now: now)
                case 3: actions = machine.tick(now: now)
                default:
                    let kind = ["!re", "!done", "!done", "!trap", "!empty"].randomElement(using: &random) ?? "!done"
                    let tag = machine.flights.keys.randomElement(using: &random) ?? 99
                    let isNoise = random.next() % 30 == 0
                    actions = machine.received(
                        isNoise ? random.bytes(9) : Sentence(kind, ".tag=\(tag)").encoded,
                        now: now
                    )
                }
                for case .finished(let ticket, _, _) in actions {
                    #expect(waiting.remove(ticket) != nil, "told twice, or never asked")
                }
                if F.closing(actions) != nil { #expect(waiting.isEmpty && !machine.isReady) }
            }
            for case .finished(let ticket, _, _) in machine.lost(RouterOSError(.connectionLost, "end")) {
                #expect(waiting.remove(ticket) != nil)
            }
            #expect(waiting.isEmpty)
        }
    }
}
