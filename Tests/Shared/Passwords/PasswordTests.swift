import Passwords
import SharedTesting
import Synchronization
import Testing

@Suite(.proves("IAM-01")) struct PasswordTests {
    private static let cheap = PasswordScheme.bcrypt(cost: 4)
    private static let cheapArgon = PasswordScheme.argon2id(memoryKiB: 64, passes: 1, lanes: 1)

    @Test(arguments: [cheap, cheapArgon]) func `a digest is of its password and of no other`(scheme: PasswordScheme)
        async throws
    {
        let threads = try PasswordThreads(scheme: scheme, threads: 1)
        var random = SeededRandom()
        for _ in 0..<40 {
            let octets = (0..<Int.random(in: 1...24, using: &random)).map { _ in
                UInt8.random(in: 33...126, using: &random)
            }
            let password = String(decoding: octets, as: UTF8.self)
            let digest = try await threads.digest(password, from: "a")
            #expect(digest.scheme == scheme && !digest.text.contains(password) || password.count < 3)
            let right = try await threads.check(password, against: digest.text, from: "a")
            #expect(right.matches && !right.needsRehash, "seed \(random.seed)")
            for wrong in [password + "x", String(password.dropLast()), password + "\0", password + "\0x", ""] {
                #expect(try await !threads.check(wrong, against: digest.text, from: "a").matches, "seed \(random.seed)")
            }
        }
        let again = try await threads.digest("same", from: "a")
        #expect(try await threads.digest("same", from: "a") != again)
        #expect("\(again)" == "<password digest>")
    }

    @Test func `digests that others made are understood`() async throws {
        let threads = try PasswordThreads(scheme: Self.cheap, threads: 1)
        let vectors = [
            ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            ("U*U", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
            (
                "password",
                "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
            ),
        ]
        for (password, digest) in vectors {
            let found = try await threads.check(password, against: digest, from: "a")
            #expect(found.matches && found.needsRehash, "\(digest)")
            #expect(try await !threads.check(password + "!", against: digest, from: "a").matches)
        }
    }

    @Test func `the standard schemes are those that were chosen, and write as they are known`() async throws {
        #expect(PasswordScheme.standard == .bcrypt(cost: 12))
        #expect(PasswordScheme.argon2id == .argon2id(memoryKiB: 19_456, passes: 2, lanes: 1))
        let bcrypt = try PasswordThreads(threads: 1)
        let argon = try PasswordThreads(scheme: .argon2id, threads: 1)
        let (old, new) = (
            try await bcrypt.digest("a password", from: "a"), try await argon.digest("a password", from: "a")
        )
        #expect(old.text.hasPrefix("$2b$12$") && new.text.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(
            try await argon.check("a password", against: old.text, from: "a") == .init(matches: true, needsRehash: true)
        )
        #expect(
            try await bcrypt.check("wrong", against: new.text, from: "a") == .init(matches: false, needsRehash: false)
        )
    }

    @Test func `what is no digest, or one that asks for hours, is not tried`() async throws {
        for text in [
            "", "plain", "$1$salt$md5", "$6$rounds=5000$x$y",
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "$2b$12$short", "$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$aa",
            "$argon2id$v=19$m=64,t=9999,p=1$c29tZXNhbHQ$aa",
            "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aa", "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$aa",
            "$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$aa", "*0", "x$2b$12$",
        ] { #expect(PasswordDigest(text) == nil, "\(text)") }
        let threads = try PasswordThreads(scheme: Self.cheap, threads: 1)
        for digest in [nil, "", "plain"] {
            #expect(
                try await threads.check("decoy", against: digest, from: "a")
                    == .init(matches: false, needsRehash: false)
            )
        }
        for bad in ["", "a\0b", String(repeating: "x", count: 73)] {
            await #expect(throws: PasswordError.unusable) { try await threads.digest(bad, from: "a") }
        }
        #expect(throws: PasswordError.unusable) { try PasswordThreads(scheme: .bcrypt(cost: 40)) }
    }

    @Test(.proves("IAM-29")) func `a flood is told that there is no room, and others get their turn`() async throws {
        // Slow enough that the flood is there before the first is done.
        let threads = try PasswordThreads(scheme: .bcrypt(cost: 10), threads: 1, capacity: 12, share: 4)
        try await withThrowingTaskGroup(of: (String, PasswordError?).self) { group in
            for number in 0..<200 {
                let source = number == 100 ? "friend" : "flood"
                group.addTask {
                    do throws(PasswordError) {
                        _ = try await threads.check("x", against: nil, from: source)
                        return (source, nil)
                    } catch {
                        return (source, error)
                    }
                }
            }
            var (flood, friend) = ((done: 0, busy: 0), false)
            for try await (source, error) in group {
                if source == "friend" {
                    friend = error == nil
                } else if error == nil {
                    flood.done += 1
                } else {
                    #expect(error == .busy)
                    flood.busy += 1
                }
            }
            #expect(friend && flood.busy > 0 && flood.done + flood.busy == 199)
        }
        #expect(threads.waiting == 0)
    }

    @Test func `stopped threads refuse, and nobody waits for ever`() async throws {
        let threads = try PasswordThreads(scheme: .bcrypt(cost: 10), threads: 1)
        let answers = await withTaskGroup(of: PasswordError?.self) { group in
            for number in 0..<20 {
                group.addTask {
                    do throws(PasswordError) {
                        _ = try await threads.check("x", against: nil, from: "\(number)")
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            threads.shutdown()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 20 && answers.allSatisfy { $0 == nil || $0 == .closed })
        await #expect(throws: PasswordError.closed) { try await threads.digest("x", from: "a") }
    }
}

@Suite struct FairQueueTests {
    @Test func `sources are served in turn, each in its own order, within the room there is`() {
        var random = SeededRandom()
        for _ in 0..<200 {
            let (capacity, share) = (Int.random(in: 1...12, using: &random), Int.random(in: 1...5, using: &random))
            var queue = FairQueue<(String, Int)>(capacity: capacity, share: share)
            var waiting: [String: [Int]] = [:]
            for number in 0..<100 {
                if Bool.random(using: &random) {
                    let source = ["a", "b", "c"].randomElement(using: &random) ?? "a"
                    let count = waiting.values.reduce(0) { $0 + $1.count }
                    let fits = count < capacity && waiting[source, default: []].count < share
                    #expect(queue.offer((source, number), from: source) == fits, "seed \(random.seed)")
                    if fits { waiting[source, default: []].append(number) }
                } else if let (source, taken) = queue.next() {
                    #expect(waiting[source]?.first == taken, "seed \(random.seed)")
                    waiting[source]?.removeFirst()
                } else {
                    #expect(waiting.values.allSatisfy { $0.isEmpty })
                }
            }
            #expect(queue.removeAll().count == waiting.values.reduce(0) { $0 + $1.count } && queue.isEmpty)
        }
        var queue = FairQueue<String>(capacity: 10, share: 5)
        for _ in 0..<4 { _ = queue.offer("flood", from: "f") }
        _ = queue.offer("friend", from: "g")
        #expect((0..<2).compactMap { _ in queue.next() } == ["flood", "friend"])
    }
}
