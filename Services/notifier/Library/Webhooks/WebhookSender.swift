import Concurrency
import Crypto
import Domain
import Lifecycle
import Observability
import Persistence
import WebhookSigning
import WireFormat

/// Sends what waits for one endpoint, one after the other and in the order of the stream.
///
/// A delivery that is not taken stays the first: what stands behind it waits, until it is taken or given up. Whoever dies between a
/// request and its record leaves a claim that lapses, and the same is sent again under the same `webhook-id`: receivers know it by that.
struct WebhookSender: Sendable {
    let keeping: any WebhookKeeping
    let transport: any WebhookTransport
    let secrets: WebhookSecrets
    let retries: WebhookRetries
    /// How long nobody else sends what is sent here: longer than a receiver may take.
    let claim: Duration
    let time: TimeSource
    /// A random number from 0 to 1.
    let jitter: @Sendable () -> Double
    let metrics: WebhookMetrics
    let logger: Logger

    /// Octets of an answer that are kept.
    static let excerpt = 1_024

    /// How long one endpoint is sent to before others that wait have its place.
    static let turn = Duration.seconds(5)

    /// Until nothing is left that may be sent now, or its turn is over.
    func serve(_ ref: WebhookRef) async throws {
        let turn = Deadline.after(Self.turn)
        while !GracefulShutdown.isShuttingDown, !Task.isCancelled, !turn.hasPassed {
            let now = time.now()
            guard let claimed = try await keeping.claim(ref, at: now, until: now + claim) else { return }
            let begun = ContinuousClock.now
            guard let outcome = await send(claimed, at: now) else { return }
            metrics.sent(outcome, in: ContinuousClock.now - begun)
            let stored = try await keeping.finish(claimed, outcome, at: time.now())
            if stored, let disabled = outcome.disabled {
                metrics.disabled(disabled.reason)
                logger.warn(
                    "an endpoint of webhooks was disabled",
                    ["endpoint": .string("\(ref.id)"), "reason": .string(disabled.reason)]
                )
            }
            switch outcome.end {
            case .delivered, .failed: break
            case .again, .held: return
            }
            let left = Duration.seconds(60) / claimed.rate - (ContinuousClock.now - begun)
            if left > .zero { try await rest(for: left) }
        }
    }

    /// Nil where nobody knows what became of it: the claim lapses.
    private func send(_ claimed: ClaimedDelivery, at now: Timestamp) async -> WebhookOutcome? {
        let begun = ContinuousClock.now
        let reply: WebhookReply
        do {
            guard let answer = await transport.send(try request(claimed, at: now)) else { return nil }
            reply = answer
        } catch {
            logger.error(
                "what an endpoint is signed for with cannot be used",
                ["endpoint": .string("\(claimed.ref.id)"), "error": .string("\(error)")]
            )
            reply = WebhookReply(answer: .none("unsigned"))
        }
        let latency = Int(clamping: (ContinuousClock.now - begun).wholeMilliseconds)
        return outcome(of: reply, claimed, sentAt: now, latency: latency, now: time.now())
    }

    private func request(_ claimed: ClaimedDelivery, at now: Timestamp) throws -> WebhookRequest {
        let (id, tenant) = (claimed.ref.id, claimed.ref.tenantID)
        var octets = [try secrets.open(secret: claimed.sealedSecret, of: id, tenant: tenant)]
        if let previous = claimed.sealedPrevious {
            octets.append(try secrets.open(secret: previous, of: id, tenant: tenant))
        }
        let key = try claimed.sealedKey.map { try secrets.open(key: $0, of: id, tenant: tenant) }
        let signer = WebhookSigner(
            secrets: octets.compactMap { WebhookSecret(octets: $0) },
            keyPair: try key.map { try WebhookKeyPair(privateKey: $0) }
        )
        let (event, timestamp) = (claimed.delivery.eventID.description, now.microseconds / 1_000_000)
        return WebhookRequest(
            url: claimed.url,
            allowsPrivate: claimed.allowPrivate,
            id: event,
            timestamp: timestamp,
            signature: try signer.signature(id: event, timestamp: timestamp, body: claimed.payload),
            body: claimed.payload
        )
    }

    /// What follows from a reply.
    func outcome(
        of reply: WebhookReply,
        _ claimed: ClaimedDelivery,
        sentAt: Timestamp,
        latency: Int,
        now: Timestamp
    ) -> WebhookOutcome {
        let delivery = claimed.delivery
        var verdict = retries.verdict(
            reply.answer,
            attempt: delivery.attempts,
            first: delivery.firstAt ?? sentAt,
            now: now,
            jitter: jitter()
        )
        if delivery.isTest, case .again(_, let word) = verdict { verdict = .failed(word) }
        let standing = retries.standing(claimed.standing, after: verdict, at: now)
        let reason = delivery.isTest ? nil : retries.disables(standing, after: verdict, at: now)
        let (end, error): (WebhookOutcome.End, String?) =
            switch verdict {
            case .delivered: (.delivered, nil)
            case .again(let pause, let word): (reason == nil ? .again(at: now + pause) : .held, word)
            case .failed(let word): (.failed, word)
            case .gone: (delivery.isTest ? .failed : .held, "gone")
            }
        let status: Int? = if case .status(let status, _) = reply.answer { status } else { nil }
        return WebhookOutcome(
            end: end,
            attempt: WebhookAttempt(
                number: delivery.attempts,
                at: sentAt,
                status: status.flatMap { (100...599).contains($0) ? $0 : nil },
                latencyMilliseconds: latency,
                error: error,
                excerpt: Self.excerpt(reply.body)
            ),
            standing: standing,
            disabled: reason.map { ($0, WebhookURL.host(of: claimed.url)) }
        )
    }

    /// The beginning of an answer as text that can be kept: what is no UTF-8 is replaced, what controls a terminal left out, and what is
    /// written like one of our secrets blanked, though none was sent.
    static func excerpt(_ body: [UInt8]) -> String? {
        let text = String(decoding: body.prefix(excerpt), as: UTF8.self)
        var kept = String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { $0.value == 0x0a || $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
            )
        )
        for prefix in [WebhookSecret.prefix, WebhookKeyPair.privatePrefix] where kept.contains(prefix) {
            kept = kept.split(separator: " ", omittingEmptySubsequences: false)
                .map { $0.contains(prefix) ? "***" : String($0) }.joined(separator: " ")
        }
        // A replacement is longer than what it stands for.
        while kept.utf8.count > excerpt { kept.unicodeScalars.removeLast() }
        return kept.isEmpty ? nil : kept
    }
}
