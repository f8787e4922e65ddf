import Concurrency
import Domain
import HTTPClient
import Mail
import Notices
import SMTPServerSimulator
import SharedTesting
import Testing

/// A mail server, and a client with a few lanes, for the length of a test.
private func withMail(
    _ configure: (inout EmulatedMailServer.Settings) -> Void = { _ in },
    body: (EmulatedMailServer, MailClient) async throws -> Void
) async throws {
    var settings = EmulatedMailServer.Settings()
    configure(&settings)
    let server = try EmulatedMailServer(settings)
    let thread = try PlatformThread.start(name: "smtp-server") { try? server.run() }
    var configuration = MailClientConfiguration()
    configuration.lanes = 4
    configuration.lanesPerServer = 2
    // Everything here is at a private address.
    configuration.reaches = { _ in false }
    let client = try MailClient(configuration)
    var failure: (any Error)?
    do { try await body(server, client) } catch { failure = error }
    client.shutdown()
    server.stop()
    await thread.joined()
    if let failure { throw failure }
}

private func provider(
    _ server: EmulatedMailServer,
    _ client: MailClient,
    _ changes: [String: String] = [:],
    secrets: [String: String] = [:],
    mayBeAnywhere: Bool = true
) throws -> SMTPProvider {
    let settings = [
        "host": "127.0.0.1", "port": String(server.port), "security": "none", "from": "billing@isp.example",
    ]
    return try SMTPProvider(
        settings: settings.merging(changes) { $1 },
        secrets: secrets,
        mayBeAnywhere: mayBeAnywhere,
        client: client,
        now: { noon }
    )
}

private func messageID(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return "0000000000000007" + String(repeating: "0", count: 16 - digits.count) + digits + "@isp.example"
}

private func reason(_ outcome: SendOutcome) -> String {
    switch outcome {
    case .accepted: "accepted"
    case .refused(let reason, _): "refused \(reason)"
    case .failed(let reason, _, _): "failed \(reason)"
    case .outage(let reason, _, _): "outage \(reason)"
    case .unknown(let reason, _): "unknown \(reason)"
    }
}

@Suite(.proves("NTF-01", "NTF-03")) struct SMTPProviderTests {
    @Test func `messages arrive as they were composed, over one connection`() async throws {
        try await withMail { server, client in
            let smtp = try provider(server, client)
            for number in 1...5 as ClosedRange<UInt64> {
                let outcome = await smtp.send(anyMessage(number), within: .seconds(20))
                #expect(outcome == .accepted(id: messageID(number), segments: nil))
            }
            #expect(server.accepted == 1)
            #expect(server.taken.map(\.messageID) == (1...5).map { messageID($0) })
            let first = try #require(server.taken.first)
            #expect(first.sender == "billing@isp.example" && first.recipients == ["ada@example.org"])
            let text = "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello,\r\n=2Ea dot\r\n"
            #expect(first.text.contains(text))
        }
    }

    @Test(arguments: [
        ("greeting leave 421 4.3.2 full", "outage server_busy"), ("greeting reply 554 no", "outage not_served"),
        ("greeting drop", "outage connection_lost"), ("sender reply 451 4.3.0 later", "outage server_busy"),
        ("sender reply 550 5.7.1 not you", "outage sender_refused"), ("sender drop", "outage connection_lost"),
        ("recipient reply 550 5.1.1 nobody", "refused mailbox_unknown"),
        ("recipient reply 550 5.7.1 no", "refused rejected"), ("recipient drop", "outage connection_lost"),
        ("data reply 451 4.3.0 later", "outage server_busy"), ("data drop", "outage connection_lost"),
        ("end reply 451 4.7.1 later", "failed deferred"), ("end reply 552 5.3.4 large", "refused too_large"),
        ("end reply 554 5.7.1 spam", "refused rejected"), ("end leave 421 4.3.2 full", "outage server_busy"),
        ("end drop", "unknown connection_lost"),
    ]) func `what goes wrong is told by where it did`(fault: String, expected: String) async throws {
        try await withMail { server, client in
            server.misbehave([try #require(MailFault(fault))])
            let smtp = try provider(server, client)
            #expect(reason(await smtp.send(anyMessage(), within: .seconds(20))) == expected)
            #expect(server.taken.isEmpty)
            // The next message is none the worse for it.
            server.misbehave([])
            #expect(reason(await smtp.send(anyMessage(2), within: .seconds(20))) == "accepted")
            #expect(server.timesTaken(messageID(2)) == 1)
        }
    }

    @Test(arguments: ["greeting", "hello", "sender", "recipient", "data"])
    func `silence before the message is an outage`(stage: String) async throws {
        try await withMail { server, client in
            server.misbehave([try #require(MailFault("\(stage) stall"))])
            let smtp = try provider(server, client)
            #expect(reason(await smtp.send(anyMessage(), within: .seconds(1))) == "outage timeout")
        }
    }

    @Test func `silence after the message is unknown, and its connection is not used again`() async throws {
        try await withMail { server, client in
            let smtp = try provider(server, client)
            #expect(reason(await smtp.send(anyMessage(1), within: .seconds(20))) == "accepted")
            server.misbehave([try #require(MailFault("1x end stall"))])
            #expect(reason(await smtp.send(anyMessage(2), within: .seconds(1))) == "unknown timeout")
            #expect(reason(await smtp.send(anyMessage(3), within: .seconds(20))) == "accepted")
            #expect(server.timesTaken(messageID(3)) == 1)
            #expect(server.taken.last?.connection == 2)
        }
    }

    @Test func `a message that was taken without a word is unknown and there once`() async throws {
        try await withMail { server, client in
            server.misbehave([try #require(MailFault("end take-and-drop"))])
            let smtp = try provider(server, client)
            #expect(reason(await smtp.send(anyMessage(), within: .seconds(20))) == "unknown connection_lost")
            #expect(server.timesTaken(messageID(1)) == 1)
        }
    }

    @Test func `a connection lost in the midst of a large message leaves nothing behind`() async throws {
        try await withMail { server, client in
            server.misbehave([try #require(MailFault("body drop"))])
            let smtp = try provider(server, client)
            var message = anyMessage()
            // More than the kernel's buffers hold.
            message.attachments = [.init(name: "a", type: "a/b", octets: Array(repeating: 65, count: 7 << 20))]
            #expect(reason(await smtp.send(message, within: .seconds(20))) == "failed connection_lost")
            #expect(server.taken.isEmpty)
        }
    }

    @Test func `a cancelled task after the message's end leaves it unknown`() async throws {
        try await withMail { server, client in
            server.misbehave([try #require(MailFault("end stall"))])
            let smtp = try provider(server, client)
            let sending = Task { await smtp.send(anyMessage(), within: .seconds(60)) }
            try await eventually { server.heard.contains("DATA") && client.requestsUnderWay == 1 }
            sending.cancel()
            // Where it was cancelled before its last octet left, nobody has it.
            #expect(["unknown cancelled", "outage cancelled"].contains(reason(await sending.value)))
            #expect(server.taken.isEmpty)
        }
    }

    @Test func `a kept connection that was closed is made anew`() async throws {
        try await withMail { server, client in
            let smtp = try provider(server, client)
            #expect(reason(await smtp.send(anyMessage(1), within: .seconds(20))) == "accepted")
            server.misbehave([try #require(MailFault("1x sender leave 421 4.4.2 idle"))])
            #expect(reason(await smtp.send(anyMessage(2), within: .seconds(20))) == "accepted")
            #expect(server.accepted == 2)
            #expect(server.timesTaken(messageID(2)) == 1)
        }
    }

    @Test func `greylisted mailboxes are tried later`() async throws {
        try await withMail { server, client in
            server.greylist(true)
            let smtp = try provider(server, client)
            let first = await smtp.send(anyMessage(), within: .seconds(20))
            guard case .failed("deferred", _, let after) = first else {
                Issue.record("\(first)")
                return
            }
            #expect(after == MailOutcome.deferral)
            #expect(reason(await smtp.send(anyMessage(), within: .seconds(20))) == "accepted")
        }
    }

    @Test func `who has a password logs in, and a wrong one is an outage`() async throws {
        try await withMail {
            $0.user = "isp"
            $0.password = "a secret"
        } body: { server, client in
            let right = try provider(server, client, ["username": "isp"], secrets: ["password": "a secret"])
            #expect(reason(await right.send(anyMessage(1), within: .seconds(20))) == "accepted")
            #expect(server.taken.first?.user == "isp")
            let wrong = try provider(server, client, ["username": "isp"], secrets: ["password": "another"])
            #expect(reason(await wrong.send(anyMessage(2), within: .seconds(20))) == "outage login_refused")
            let none = try provider(server, client)
            #expect(reason(await none.send(anyMessage(3), within: .seconds(20))) == "outage login_refused")
        }
    }

    @Test func `without TLS where it is demanded nothing is said`() async throws {
        try await withMail { server, client in
            let smtp = try provider(server, client, ["security": "starttls"])
            #expect(reason(await smtp.send(anyMessage(), within: .seconds(20))) == "outage tls_failed")
            #expect(!server.heard.contains("MAIL"))
        }
    }

    @Test(.proves("NTF-01")) func `a server that tenants may not lead to is not connected to`() async throws {
        try await withMail { server, client in
            for host in ["127.0.0.1", "localhost"] {
                let theirs = try provider(server, client, ["host": host], mayBeAnywhere: false)
                let outcome = await theirs.send(anyMessage(1), within: .seconds(20))
                #expect(reason(outcome) == "outage address_forbidden")
            }
            // Nor by a connection that the operator's mail keeps.
            let ours = try provider(server, client)
            for number in 2...9 as ClosedRange<UInt64> {
                #expect(reason(await ours.send(anyMessage(number), within: .seconds(20))) == "accepted")
                let theirs = try provider(server, client, mayBeAnywhere: false)
                #expect(reason(await theirs.send(anyMessage(1), within: .seconds(20))) == "outage address_forbidden")
            }
        }
    }

    @Test func `an address that SMTP does not know goes nowhere`() async throws {
        try await withMail { server, client in
            let smtp = try provider(server, client)
            let message = anyMessage(1, to: "ada@example.org>\r\nRCPT TO:<evil@x.example")
            #expect(reason(await smtp.send(message, within: .seconds(20))) == "refused invalid_address")
            #expect(server.accepted == 0)
        }
    }

    @Test func `a server that says nothing holds its own share of the lanes`() async throws {
        try await withMail { slow, client in
            slow.misbehave([try #require(MailFault("end stall"))])
            let quick = try EmulatedMailServer(.init())
            let thread = try PlatformThread.start(name: "quick-server") { try? quick.run() }
            let (held, free) = (try provider(slow, client), try provider(quick, client))
            let stuck = Task {
                await withTaskGroup(of: SendOutcome.self) { group in
                    for number in 1...6 as ClosedRange<UInt64> {
                        group.addTask { await held.send(anyMessage(number), within: .seconds(60)) }
                    }
                    for await _ in group {}
                }
            }
            try await eventually { slow.heard.count { $0 == "DATA" } == 2 }
            #expect(reason(await free.send(anyMessage(9), within: .seconds(20))) == "accepted")
            #expect(slow.heard.count { $0 == "DATA" } == 2)
            stuck.cancel()
            await stuck.value
            quick.stop()
            await thread.joined()
        }
    }
}
