import Concurrency
import SharedTesting
import Testing

@testable import RouterOS

@Suite struct RouterEngineTests {
    private typealias F = RouterFixture
    private static let second = RouterFixture.second

    /// An engine, and what it wants of the network.
    private struct World {
        var engine: RouterEngine
        var opening: [UInt32] = []
        var closed: [UInt32] = []
        var sent: [(slot: UInt32, words: [String])] = []
        var ended: [UInt64: Result<RouterAnswer, RouterOSError>] = [:]
        var endings = 0

        init(_ change: (inout RouterPoolSettings) -> Void = { _ in }) {
            engine = RouterEngine(F.configuration(.automatic, change), random: { 0 })
        }

        mutating func take(_ actions: [RouterEngine.Action]) {
            for action in actions {
                switch action {
                case .open(let slot): opening.append(slot)
                case .close(let slot): closed.append(slot)
                case .send(let slot, let octets): sent += F.words(octets).map { (slot, $0) }
                case .finished(let ticket, let result, _):
                    ended[ticket] = result
                    endings += 1
                case .failed: break
                }
            }
        }

        mutating func submit(_ ticket: UInt64, now: UInt64, deadline: UInt64 = .max) {
            take(engine.submit(RouterCommand("/x/print"), ticket: ticket, deadline: deadline, now: now))
        }

        /// The newest connection is made and the router lets us in.
        mutating func letIn(now: UInt64) {
            guard let slot = opening.popLast() else { return }
            take(engine.opened(slot, now: now))
            take(engine.received(slot, Sentence("!done").encoded, now: now))
        }

        mutating func refuse(_ code: RouterOSError.Code = .unreachable, now: UInt64) {
            guard let slot = opening.popLast() else { return }
            take(engine.ended(slot, RouterOSError(code, "no"), now: now))
        }

        /// The router answers the last command on a connection.
        mutating func answer(_ index: Int, now: UInt64) {
            let (slot, words) = sent[index]
            take(engine.received(slot, Sentence("!done", words.last ?? "").encoded, now: now))
        }

        func code(_ ticket: UInt64) -> RouterOSError.Code? {
            if case .failure(let error)? = ended[ticket] { error.code } else { nil }
        }
    }

    @Test(.proves("MTK-04"))
    func `a connection is made when it is wanted, used again, and joined by another under load`() throws {
        var world = World()
        world.submit(1, now: 0)
        #expect(world.opening == [1] && world.sent.isEmpty)
        world.letIn(now: 0)
        #expect(world.sent.map(\.words.first) == ["/login", "/x/print"])
        world.answer(1, now: 1)
        #expect(try world.ended[1]?.get() != nil)
        world.submit(2, now: 2)
        #expect(world.opening.isEmpty && world.sent.count == 3)
        // It has something to do: the next shares it, and another is opened, but never a third.
        world.submit(3, now: 2)
        #expect(world.opening == [2])
        world.letIn(now: 3)
        for ticket in UInt64(4)...20 { world.submit(ticket, now: 3) }
        #expect(world.opening.isEmpty && world.engine.connections == 2 && world.engine.waitingCommands == 19 - 16)
        #expect(Set(world.sent.map(\.slot)) == [1, 2])
    }

    @Test(.proves("MTK-04", "PLT-29")) func `waits between attempts grow, and after three the router is left alone`() {
        var world = World { $0.firstPause = .seconds(1) }
        world.submit(1, now: 0)
        world.refuse(now: 0)
        #expect(world.opening.isEmpty && world.engine.nextDeadline == Self.second)
        world.take(world.engine.tick(now: Self.second - 1))
        #expect(world.opening.isEmpty)
        world.take(world.engine.tick(now: Self.second))
        #expect(world.opening.count == 1)
        world.refuse(now: Self.second)
        #expect(world.engine.nextDeadline == 3 * Self.second && world.ended.isEmpty)
        world.take(world.engine.tick(now: 3 * Self.second))
        world.refuse(now: 3 * Self.second)
        // Open for 15 seconds: who waits is told why, who comes is told at once.
        #expect(world.code(1) == .unreachable && world.engine.breakerState(now: 3 * Self.second) == .open)
        world.submit(2, now: 4 * Self.second)
        #expect(world.code(2) == .resting && world.opening.isEmpty)
        // One attempt probes.
        world.submit(3, now: 18 * Self.second)
        world.submit(4, now: 18 * Self.second)
        #expect(world.opening.count == 1)
        world.letIn(now: 19 * Self.second)
        #expect(world.engine.breakerState(now: 19 * Self.second) == .closed)
        #expect(world.sent.suffix(2).map(\.words.first) == ["/x/print", "/x/print"])
    }

    @Test(.proves("MTK-04"), arguments: [RouterOSError.Code.tls, .loginRefused])
    func `what does not mend by itself is told at once`(code: RouterOSError.Code) {
        var world = World()
        world.submit(1, now: 0)
        if code == .tls {
            world.refuse(code, now: 0)
        } else if let slot = world.opening.popLast() {
            world.take(world.engine.opened(slot, now: 0))
            world.take(world.engine.received(slot, Sentence("!trap", "=message=cannot log in").encoded, now: 0))
            #expect(world.closed == [slot])
        }
        #expect(world.code(1) == code && world.engine.connections == 0)
    }

    @Test(.proves("MTK-04")) func `who waits too long is told why, and what is too much is refused`() {
        var world = World { $0.waiting = 2 }
        world.submit(1, now: 0, deadline: 2 * Self.second)
        world.submit(2, now: 0, deadline: 9 * Self.second)
        world.submit(3, now: 0)
        #expect(world.code(3) == .busy)
        world.submit(4, now: 5, deadline: 5)
        #expect(world.code(4) == .timeout)
        world.take(world.engine.tick(now: 2 * Self.second))
        #expect(world.code(1) == .timeout && world.code(2) == nil)
        // The attempt itself is given up after five seconds; the next one's reason is this one's.
        world.take(world.engine.tick(now: 5 * Self.second))
        #expect(world.closed == [1])
        world.take(world.engine.tick(now: 9 * Self.second))
        #expect(world.code(2) == .unreachable)
    }

    @Test(.proves("MTK-04")) func `a silent connection is asked whether it is one, and an idle one is closed`() {
        var world = World()
        world.submit(1, now: 0)
        world.letIn(now: 0)
        world.answer(1, now: 0)
        world.take(world.engine.tick(now: 20 * Self.second))
        #expect(world.sent.last?.words.first == "/system/identity/print")
        world.answer(world.sent.count - 1, now: 21 * Self.second)
        #expect(world.engine.connections == 1 && world.endings == 1)
        world.take(world.engine.tick(now: 41 * Self.second))
        world.answer(world.sent.count - 1, now: 42 * Self.second)
        world.take(world.engine.tick(now: 60 * Self.second))
        #expect(world.closed == [1] && world.engine.connections == 0 && world.engine.nextDeadline == nil)

        var deaf = World()
        deaf.submit(1, now: 0)
        deaf.letIn(now: 0)
        deaf.answer(1, now: 0)
        deaf.take(deaf.engine.tick(now: 20 * Self.second))
        deaf.take(deaf.engine.tick(now: 25 * Self.second))
        #expect(deaf.closed == [1])
    }

    @Test(.proves("MTK-04")) func `what is cancelled, lost or stopped is told so`() {
        var world = World()
        world.submit(1, now: 0)
        world.submit(2, now: 0)
        world.take(world.engine.cancel(1, now: 0))
        #expect(world.code(1) == .cancelled)
        world.letIn(now: 0)
        world.take(world.engine.ended(1, RouterOSError(.connectionLost, "broke"), now: 1))
        #expect(world.code(2) == .connectionLost)
        world.submit(3, now: 2)
        world.take(world.engine.stop(RouterOSError(.closed, "stopped")))
        world.submit(4, now: 3)
        #expect(world.code(3) == .closed && world.code(4) == .closed && world.engine.connections == 0)
    }

    @Test(.proves("MTK-04", "PLT-29")) func `whatever the network does, everybody is told once and no limit is passed`()
    {
        var random = SeededRandom()
        for _ in 0..<150 {
            var world = World {
                $0.connections = 3
                $0.commandsPerConnection = 2
                $0.waiting = 10
            }
            var now: UInt64 = 0
            var asked: UInt64 = 0
            for _ in 0..<120 {
                now += UInt64.random(in: 0...(3 * Self.second), using: &random)
                step(&world, &asked, now: now, &random)
                #expect(world.engine.connections <= 3 && world.engine.waitingCommands <= 10)
                #expect(world.endings == world.ended.count, "told twice")
                // What has passed is done with by a tick: the loop would spin otherwise.
                world.take(world.engine.tick(now: now))
                #expect(world.engine.nextDeadline.map { $0 > now } ?? true)
            }
            world.take(world.engine.stop(RouterOSError(.closed, "end")))
            #expect(world.ended.count == Int(asked) && world.endings == Int(asked))
        }
    }

    private func step(_ world: inout World, _ asked: inout UInt64, now: UInt64, _ random: inout SeededRandom) {
        switch random.next() % 8 {
        case 0, 1, 2:
            asked += 1
            world.submit(asked, now: now, deadline: now + UInt64.random(in: 1...(20 * Self.second), using: &random))
        case 3: world.letIn(now: now)
        case 4: world.refuse([.unreachable, .tls, .connectionLost].randomElement(using: &random) ?? .tls, now: now)
        case 5:
            guard !world.sent.isEmpty else { return }
            world.answer(Int.random(in: 0..<world.sent.count, using: &random), now: now)
        case 6: world.take(world.engine.cancel(UInt64.random(in: 0...max(asked, 1), using: &random), now: now))
        default:
            guard let slot = world.sent.randomElement(using: &random)?.slot else { return }
            world.take(world.engine.ended(slot, RouterOSError(.connectionLost, "broke"), now: now))
        }
    }
}
