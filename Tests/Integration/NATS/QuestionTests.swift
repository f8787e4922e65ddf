import Concurrency
import NATS
import SharedTesting
import Synchronization
import Testing

/// Requests and their answers, without JetStream.
@Suite struct QuestionTests {
    /// Answers each question with its own payload behind `prefix`, until the inbox is closed.
    private func echo(_ inbox: QuestionInbox, _ prefix: String) async -> Int {
        var count = 0
        while let question = await inbox.next() {
            question.answer(Array(prefix.utf8) + question.payload)
            count += 1
        }
        return count
    }

    private func inbox(_ client: NATSClient, waiting: Int = 64) throws -> QuestionInbox {
        try QuestionInbox(
            client,
            subject: "query.test",
            group: "servers",
            waiting: waiting,
            longest: 1_000,
            refusal: Array("refused".utf8)
        )
    }

    @Test func `each question goes to one of the group, and its answer comes back`() async throws {
        try await Fixture.with(stream: nil) { fixture in
            let (first, second) = (try inbox(fixture.client), try inbox(fixture.client))
            try await fixture.client.flush()
            let answered = try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { await echo(first, "1") }
                group.addTask { await echo(second, "2") }
                for number in 1...40 {
                    let asked = Array("q\(number)".utf8)
                    let answer = try await fixture.client.request("query.test", asked, within: .seconds(10))
                    #expect(Array(answer.dropFirst()) == asked)
                }
                await first.close()
                await second.close()
                return try await group.reduce(0, +)
            }
            #expect(answered == 40)
        }
    }

    @Test func `nobody there, no answer in time and no connection are told apart`() async throws {
        try await Fixture.with(stream: nil) { fixture in
            let asked = Array("?".utf8)
            func failure(_ limit: Duration) async -> NATSError.Code? {
                do {
                    _ = try await fixture.client.request("query.test", asked, within: limit)
                    return nil
                } catch { return (error as? NATSError)?.code }
            }
            #expect(await failure(.seconds(10)) == .noResponders)
            let silent = try inbox(fixture.client)
            try await fixture.client.flush()
            #expect(await failure(.milliseconds(50)) == .timedOut)
            await silent.close()
            try await fixture.server.kill()
            try await eventually { fixture.client.state == .disconnected }
            #expect(await failure(.seconds(10)) == .disconnected)
        }
    }

    @Test func `what finds no room or is too long is refused at once`() async throws {
        try await Fixture.with(stream: nil) { fixture in
            let inbox = try inbox(fixture.client, waiting: 1)
            try await fixture.client.flush()
            let long = [UInt8](repeating: 0, count: 1_001)
            let refusal = Array("refused".utf8)
            #expect(try await fixture.client.request("query.test", long, within: .seconds(10)) == refusal)
            // One waits; the next finds no room.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        let answer = try await fixture.client.request("query.test", [1], within: .seconds(10))
                        if answer == refusal { await inbox.next()?.answer([9]) } else { #expect(answer == [9]) }
                    }
                }
                try await group.waitForAll()
            }
            await inbox.close()
        }
    }

    @Test func `an inbox outlives its server`() async throws {
        try await Fixture.with(stream: nil) { fixture in
            let inbox = try inbox(fixture.client)
            try await fixture.server.kill()
            try await eventually { fixture.client.state == .disconnected }
            try await fixture.server.start()
            try await eventually(within: .seconds(20)) { fixture.client.state == .connected }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = await echo(inbox, "!") }
                try await eventually(within: .seconds(20)) {
                    (try? await fixture.client.request("query.test", [7], within: .seconds(2))) == [33, 7]
                }
                await inbox.close()
                try await group.waitForAll()
            }
        }
    }

    @Test func `the newest message of a subject is found without a consumer`() async throws {
        try await Fixture.with { fixture in
            #expect(try await fixture.admin.lastMessage(stream: "T", subject: "t.a") == nil)
            try await fixture.publishAll([("1", "one")])
            try await fixture.publishAll([("2", "two")])
            try await fixture.publishAll([("3", "three")], subject: "t.b")
            let last = try await fixture.admin.lastMessage(stream: "T", subject: "t.a")
            #expect(last?.sequence == 2 && last.map { String(decoding: $0.payload, as: UTF8.self) } == "two")
            #expect(last?.timeMicroseconds ?? 0 > 0)
        }
    }
}
