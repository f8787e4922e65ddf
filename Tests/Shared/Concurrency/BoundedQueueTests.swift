import Concurrency
import SharedTesting
import Testing

@Suite struct BoundedQueueTests {
    @Test func `A full queue refuses and an emptied one takes again`() async {
        let queue = BoundedQueue<Int>(capacity: 2)
        #expect(queue.offer(1))
        #expect(queue.offer(2))
        #expect(!queue.offer(3))
        #expect(await queue.next() == 1)
        #expect(queue.offer(4))
        #expect(await queue.nextBatch(maximum: 10) == [2, 4])
        #expect(queue.poll() == nil)
    }

    @Test func `A finished queue gives what waits and then nil`() async {
        let queue = BoundedQueue<Int>(capacity: 2)
        #expect(queue.offer(1))
        queue.finish()
        #expect(!queue.offer(2))
        #expect(await queue.next() == 1)
        #expect(await queue.next() == nil)
        #expect(await queue.nextBatch(maximum: 3).isEmpty)
    }

    @Test func `A waiting consumer wakes on offer, on finish and on cancellation`() async throws {
        let queue = BoundedQueue<Int>(capacity: 1)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask { await queue.next() }
            try await eventually { queue.offer(7) }
            #expect(try await group.next() == .some(7))
            group.addTask { await queue.next() }
            group.cancelAll()
            #expect(try await group.next() == .some(nil))
        }
        async let last = queue.next()
        queue.finish()
        #expect(await last == nil)
    }

    @Test func `Many producing threads lose nothing and keep each thread's order`() async throws {
        let queue = BoundedQueue<(Int, Int)>(capacity: 64)
        let each = 5_000
        let producers = try (0..<4).map { producer in
            try PlatformThread.start(name: "producer-\(producer)") {
                for value in 0..<each {
                    while !queue.offer((producer, value)) {}
                }
            }
        }
        var seen = [0, 0, 0, 0]
        while seen.reduce(0, +) < 4 * each {
            for (producer, value) in await queue.nextBatch(maximum: 16) {
                #expect(seen[producer] == value)
                seen[producer] += 1
            }
        }
        for producer in producers { await producer.joined() }
        #expect(queue.count == 0)
    }
}
