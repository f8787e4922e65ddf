import SharedTesting
import Testing

@testable import Postgres

@Suite struct PoolStateMachineTests {
    private func machine(_ connections: Int = 2, depth: Int = 2, waiting: Int = 100) -> PoolStateMachine {
        PoolStateMachine(maximumConnections: connections, depth: depth, maximumWaiting: waiting)
    }

    @Test func `it connects at once, one attempt at a time, and grows only under load`() {
        var pool = machine()
        #expect(pool.start() == [.connect(slot: 0)])
        #expect(pool.submit(1, .group) == [])
        #expect(pool.connected(0) == [.send(1, slot: 0)])
        #expect(pool.finished(0) == [])
        #expect(pool.submit(2, .group) == [.send(2, slot: 0)])
        // The second shares the connection, and a further one is opened.
        #expect(pool.submit(3, .group) == [.send(3, slot: 0), .connect(slot: 1)])
        #expect(pool.submit(4, .group) == [])
        #expect(pool.connected(1) == [.send(4, slot: 1)])
    }

    @Test func `a lease drains a connection instead of waiting for luck`() {
        var pool = machine(1, depth: 4)
        _ = pool.start()
        _ = pool.connected(0)
        #expect(pool.submit(1, .group) == [.send(1, slot: 0)])
        #expect(pool.submit(2, .lease) == [])
        // Younger than the lease: it would keep the connection busy for ever.
        #expect(pool.submit(3, .group) == [])
        #expect(pool.finished(0) == [.grant(2, slot: 0)])
        #expect(pool.released(0) == [.send(3, slot: 0)])
    }

    @Test func `an attempt that fails with nothing connected lets nobody wait, and the next comes after the backoff`() {
        var pool = machine()
        _ = pool.start()
        _ = pool.submit(1, .group)
        #expect(pool.connectFailed(0) == [.rest(slot: 0), .fail([1])])
        #expect(pool.submit(2, .group) == [])
        #expect(pool.rested(0) == [.connect(slot: 0)])
        #expect(pool.connected(0) == [.send(2, slot: 0)])
    }

    @Test func `an attempt that fails beside a living connection harms nobody`() {
        var pool = machine(depth: 1)
        _ = pool.start()
        _ = pool.connected(0)
        _ = pool.submit(1, .group)
        #expect(pool.submit(2, .group) == [.connect(slot: 1)])
        #expect(pool.connectFailed(1) == [.rest(slot: 1)])
        #expect(pool.finished(0) == [.send(2, slot: 0)])
    }

    @Test func `the last connection's loss starts another`() {
        var pool = machine()
        _ = pool.start()
        _ = pool.connected(0)
        _ = pool.submit(1, .lease)
        #expect(pool.lost(0) == [.connect(slot: 0)])
    }

    @Test func `a held slot takes nothing until it is let go`() {
        var pool = machine(1)
        _ = pool.start()
        _ = pool.connected(0)
        _ = pool.submit(1, .group)
        pool.hold(0)
        #expect(pool.submit(2, .group) == [])
        #expect(pool.finished(0) == [])
        #expect(pool.unhold(0) == [.send(2, slot: 0)])
    }

    @Test func `a full queue refuses and a withdrawn request is forgotten`() {
        var pool = machine(1, waiting: 2)
        _ = pool.start()
        _ = pool.submit(1, .group)
        _ = pool.submit(2, .group)
        #expect(pool.submit(3, .group) == [.refuse(3)])
        let withdrawn = [pool.withdraw(1), pool.withdraw(1)]
        #expect(withdrawn == [true, false])
        #expect(pool.connected(0) == [.send(2, slot: 0)])
        #expect(!pool.isQuiet)
        #expect(pool.finished(0) == [])
        #expect(pool.isQuiet)
    }

    /// What a loop around the machine would keep.
    private struct World {
        var pool: PoolStateMachine
        var inFlight: [Int: Int] = [:]
        var leased: Set<Int> = []
        var connecting: Set<Int> = []
        var resting: Set<Int> = []
        var held: Set<Int> = []
        var unanswered: Set<UInt64> = []
        var connected: Set<Int> = []

        mutating func answer(_ ticket: UInt64) {
            let wasUnanswered = unanswered.remove(ticket) != nil
            #expect(wasUnanswered)
        }

        mutating func apply(_ actions: [PoolStateMachine.Action], depth: Int) {
            for action in actions {
                switch action {
                case .connect(let slot):
                    #expect(connecting.isEmpty && !connected.contains(slot))
                    connecting.insert(slot)
                case .rest(let slot): resting.insert(slot)
                case .send(let ticket, let slot):
                    #expect(connected.contains(slot) && !leased.contains(slot) && !held.contains(slot))
                    answer(ticket)
                    inFlight[slot, default: 0] += 1
                    #expect(inFlight[slot, default: 0] <= depth)
                case .grant(let ticket, let slot):
                    #expect(connected.contains(slot) && inFlight[slot, default: 0] == 0 && !leased.contains(slot))
                    answer(ticket)
                    leased.insert(slot)
                case .refuse(let ticket): answer(ticket)
                case .fail(let tickets):
                    #expect(connected.isEmpty)
                    for ticket in tickets { answer(ticket) }
                }
            }
        }
    }

    @Test func `whatever happens, nothing is sent twice, over depth, or beside a lease, and everything is answered`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let depth = Int.random(in: 1...4, using: &random)
            var world = World(pool: machine(Int.random(in: 1...4, using: &random), depth: depth, waiting: 8))
            world.apply(world.pool.start(), depth: depth)
            for step in 0..<200 { advance(&world, UInt64(step), depth, &random) }
            settle(&world, depth)
            #expect(world.unanswered.isEmpty && world.pool.waiting == 0 && world.pool.isQuiet)
        }
    }

    private func advance(_ world: inout World, _ step: UInt64, _ depth: Int, _ random: inout SeededRandom) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3:
            world.unanswered.insert(step)
            let kind: PoolStateMachine.Kind = Bool.random(using: &random) ? .group : .lease
            world.apply(world.pool.submit(step, kind), depth: depth)
        case 4:
            guard let slot = world.connecting.popFirst() else { return }
            if Int.random(in: 0..<3, using: &random) == 0 {
                world.apply(world.pool.connectFailed(slot), depth: depth)
            } else {
                world.connected.insert(slot)
                world.apply(world.pool.connected(slot), depth: depth)
            }
        case 5:
            guard let slot = world.connected.randomElement(using: &random) else { return }
            guard Int.random(in: 0..<4, using: &random) == 0 else { return }
            world.connected.remove(slot)
            world.inFlight[slot] = nil
            world.leased.remove(slot)
            world.held.remove(slot)
            world.apply(world.pool.lost(slot), depth: depth)
        case 6:
            guard let slot = world.connected.randomElement(using: &random) else { return }
            if world.held.remove(slot) != nil {
                world.apply(world.pool.unhold(slot), depth: depth)
            } else {
                world.held.insert(slot)
                world.pool.hold(slot)
            }
        case 7:
            guard let slot = world.resting.popFirst() else { return }
            world.apply(world.pool.rested(slot), depth: depth)
        case 8:
            guard let ticket = world.unanswered.randomElement(using: &random) else { return }
            let wasWaiting = world.pool.withdraw(ticket)
            #expect(wasWaiting)
            world.unanswered.remove(ticket)
        default: finishOne(&world, depth)
        }
    }

    private func finishOne(_ world: inout World, _ depth: Int) {
        if let slot = world.leased.popFirst() { return world.apply(world.pool.released(slot), depth: depth) }
        guard let (slot, count) = world.inFlight.first(where: { $0.value > 0 }) else { return }
        world.inFlight[slot] = count - 1
        world.apply(world.pool.finished(slot), depth: depth)
    }

    /// Lets everything succeed until nothing is left to do.
    private func settle(_ world: inout World, _ depth: Int) {
        for _ in 0..<10_000 {
            if let slot = world.held.popFirst() {
                world.apply(world.pool.unhold(slot), depth: depth)
            } else if let slot = world.connecting.popFirst() {
                world.connected.insert(slot)
                world.apply(world.pool.connected(slot), depth: depth)
            } else if let slot = world.resting.popFirst() {
                world.apply(world.pool.rested(slot), depth: depth)
            } else if world.leased.isEmpty, !world.inFlight.values.contains(where: { $0 > 0 }) {
                return
            } else {
                finishOne(&world, depth)
            }
        }
    }
}
