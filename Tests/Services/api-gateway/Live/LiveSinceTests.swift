import Domain
import Events
import Identity
import Messaging
import Observability
import SharedTesting
import Testing

@testable import APIGateway

/// Tails that begin at a time, and how they tell that what follows is live.
@Suite(.proves("WS-01", "WS-02", "WS-05")) struct LiveSinceTests {
    private let noc = Principal.sample(.nocEngineer, LiveSample.tenant(1))

    private func second(_ number: Int64) -> Timestamp { Timestamp(secondsSince1970: number) }

    @discardableResult
    private func add(_ stream: MemoryStream, _ tenant: UInt64 = 1, at time: Timestamp? = nil, user: String = "alice")
        -> UInt64
    {
        let tenant = LiveSample.tenant(tenant)
        return stream.add("session.started", tenant, LiveSample.json(tenant, username: user), at: time)
    }

    @Test func `from any time exactly what the stream took in since is told, and then once that it is live`()
        async throws
    {
        var random = SeededRandom()
        let stream = MemoryStream()
        var (times, tenants, clock) = ([Timestamp](), [UInt64](), Int64(1_000))
        for _ in 0..<300 {
            // Several in one second, and silence.
            clock += [0, 0, 1, 1, 40].randomElement(using: &random) ?? 1
            times.append(second(clock))
            tenants.append(UInt64.random(in: 2...3, using: &random))
            add(stream, tenants.last ?? 2, at: times.last)
        }
        let last = UInt64(times.count)
        // Half of the places lie in memory, half in the stream alone.
        let bench = LiveBench(stream, events: 150)
        let cases = (0..<120).map { _ in
            (Int64.random(in: 990...(clock + 10), using: &random), Bool.random(using: &random))
        }
        let (taken, owners) = (times, tenants)
        try await bench.running {
            try await eventually { bench.feed.end?.sequence == last }
            for (since, isFiltered) in cases {
                var filter = LiveFilter()
                if isFiltered { filter.tenants = [LiveSample.tenant(2)] }
                let expected = taken.indices.filter { taken[$0] >= second(since) && (!isFiltered || owners[$0] == 2) }
                    .map { UInt64($0) + 1 }
                try await bench.watching(noc, filter, .since(second(since))) { output, _, _ in
                    try await eventually { !output.live.isEmpty }
                    #expect(output.story == ["ready"] + expected.map(String.init) + ["live"], "since \(since)")
                    #expect(output.live == [last])
                }
            }
        }
    }

    @Test func `a time that the stream does not reach back to is told as a gap, and then what there is`() async throws {
        let stream = MemoryStream()
        for number: Int64 in 1...50 { add(stream, at: second(number)) }
        stream.drop(through: 20)
        for events in [10, 100] {
            let bench = LiveBench(stream, events: events)
            try await bench.running {
                try await bench.watching(noc, LiveFilter(), .since(second(5))) { output, _, _ in
                    try await eventually { !output.live.isEmpty }
                    #expect(output.gaps == [.gap(.removed, from: 1, through: 20)])
                    #expect(output.story == ["ready", "gap"] + (21...50).map(String.init) + ["live"])
                }
                // What it still holds is no gap.
                try await bench.watching(noc, LiveFilter(), .since(second(30))) { output, _, _ in
                    try await eventually { !output.live.isEmpty }
                    #expect(output.sequences == Array(30...50) && output.gaps.isEmpty)
                }
            }
        }
        // All of it is gone.
        stream.drop(through: 50)
        let bench = LiveBench(stream)
        try await bench.running {
            try await bench.watching(noc, LiveFilter(), .since(second(5))) { output, _, _ in
                try await eventually { !output.live.isEmpty }
                #expect(output.gaps == [.gap(.removed, from: 1, through: 50)])
            }
        }
    }

    @Test func `a time since which nothing happened begins at the end, and what comes is told`() async throws {
        let stream = MemoryStream()
        for number: Int64 in 1...10 { add(stream, at: second(number)) }
        let bench = LiveBench(stream)
        try await bench.running {
            try await bench.watching(noc, LiveFilter(), .since(second(11))) { output, _, _ in
                try await eventually { output.live == [10] }
                let next = add(stream, at: second(12))
                try await eventually { output.sequences == [next] }
                #expect(output.story == ["ready", "live", "\(next)"])
            }
        }
    }

    @Test func `a place that the feed has not read yet is waited for, and no gap`() async throws {
        let stream = MemoryStream()
        add(stream, at: second(1))
        let bench = LiveBench(stream)
        try await bench.running {
            try await eventually { bench.feed.end?.sequence == 1 }
            stream.hold(true)
            for number: Int64 in 2...9 { add(stream, at: second(number)) }
            try await bench.watching(noc, LiveFilter(), .since(second(7))) { output, _, _ in
                // From here on the place is known, and lies ahead.
                try await eventually { stream.questions > 0 }
                #expect(output.story.isEmpty)
                stream.hold(false)
                try await eventually { output.sequences.count == 3 && !output.live.isEmpty }
                #expect(output.sequences == [7, 8, 9] && output.gaps.isEmpty && output.live.count == 1)
                #expect(output.notices.first == .ready(sequence: 6, mask: .revealed))
            }
        }
    }

    @Test func `where the stream cannot be asked the tail says so and ends, and leaves no turn behind`() async throws {
        let stream = MemoryStream()
        for number: Int64 in 1...10 { add(stream, at: second(number)) }
        let bench = LiveBench(stream, histories: 1)
        try await bench.running {
            stream.leave(true)
            try await bench.watching(noc, LiveFilter(), .since(second(3))) { output, _, _ in
                try await eventually { output.story == ["end"] }
                #expect(output.notices == [.end(.unavailable)])
            }
            stream.leave(false)
            let turn = try #require(bench.histories.turn(for: noc))
            try await bench.watching(noc, LiveFilter(), .since(second(3))) { output, _, _ in
                try await eventually { output.notices == [.end(.unavailable)] }
            }
            turn.end()
            try await bench.watching(noc, LiveFilter(), .since(second(3))) { output, _, _ in
                try await eventually { output.sequences == Array(3...10) }
            }
        }
    }

    @Test func `every beginning in the past is told its end once, and what begins now is live already`() async throws {
        let stream = MemoryStream()
        for number: Int64 in 1...10 { add(stream, at: second(number)) }
        let bench = LiveBench(stream)
        try await bench.running {
            for start in [LiveStart.last(3), .after(7), .since(second(8))] {
                try await bench.watching(noc, LiveFilter(), start) { output, request, id in
                    try await eventually { !output.live.isEmpty }
                    #expect(output.story == ["ready", "8", "9", "10", "live"], "\(start)")
                    var other = LiveFilter()
                    other.usernames = ["alice"]
                    // Another filter goes on; another beginning begins again.
                    request.change(to: .subscribe(other, nil))
                    bench.feed.wake(id)
                    try await eventually { output.story.count == 6 }
                    request.change(to: .subscribe(other, .since(second(10))))
                    bench.feed.wake(id)
                    try await eventually { output.live.count == 2 }
                    #expect(output.story.suffix(4) == ["ready", "ready", "10", "live"], "\(start)")
                }
            }
            try await bench.watching(noc) { output, _, _ in
                try await eventually { output.isReady }
                let next = add(stream, at: second(20))
                try await eventually { output.sequences == [next] }
                #expect(output.live.isEmpty)
            }
        }
    }

    @Test func `a tail that ends with what there is does not say that it is live`() async throws {
        let stream = MemoryStream()
        for number: Int64 in 1...10 { add(stream, at: second(number)) }
        let bench = LiveBench(stream)
        try await bench.running {
            try await eventually { bench.feed.end?.sequence == 10 }
            let output = NotingOutput()
            let tail = bench.tail(output, LiveRequest(LiveFilter(), .since(second(9))), follows: false)
            await tail.run(bench.feed.newID(), as: noc)
            #expect(output.story == ["ready", "9", "10"])
        }
    }

    @Test func `through HTTP a time is taken, and refused by its name where it cannot be`() async throws {
        let world = try await GatewayWorld.shared()
        let noc = try await world.person(.nocEngineer)
        let mark = "since-\(world.parts.ids.uuid())"
        for number: Int64 in [100, 200, 300] {
            let json = LiveSample.json(world.one, username: "\(mark)-\(number)")
            world.events.add("session.started", world.one, json, at: second(number))
        }
        let last = world.events.extent()?.last ?? 0
        let target = "/api/v1/events?follow=false"
        try await eventually {
            let answer = try await world.must(200, "GET", target + "&last=0", as: noc)
            return answer.text.split(separator: "\n").contains { line in
                guard line.hasPrefix("id: ") else { return false }
                return UInt64(line.dropFirst(4)).map { $0 >= last } == true
            }
        }
        let told = try await world.must(200, "GET", target + "&since=1970-01-01T00:03:20Z", as: noc).text
        #expect(!told.contains("\(mark)-100") && told.contains("\(mark)-200") && told.contains("\(mark)-300"))
        for query in [
            "since=yesterday", "since=2999-01-01T00:00:00Z", "since=1970-01-01T00:03:20Z&from=1",
            "since=1970-01-01T00:03:20Z&last=1", "since=1970-01-01T00:03:20Z&since=1970-01-01T00:03:20Z",
        ] {
            let answer = try await world.send("GET", target + "&" + query, as: noc)
            #expect(
                answer.status == 400 && answer["error.details.0.field"]?.text == "since",
                "\(query): \(answer.text)"
            )
        }
    }
}
