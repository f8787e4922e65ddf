import Carriers
import Concurrency
import Domain
import HTTPClient
import Notices
import Observability
import Persistence
import Synchronization

/// Reads providers' requests: opens what proves them, and says what they tell in the words of notices.
struct CallbackDesk: Sendable {
    let open: @Sendable (NoticeProviderRow) throws -> [String: String]
    let certificates: CertificateBook
    let metrics: ReceiptMetrics
    let logger: Logger

    /// Until the keyring has the key again, or the settings are right.
    private static let pause = Duration.seconds(60)

    /// What a request says. What is not believed is told by its kind and a word, and nothing of it is kept.
    func read(_ waiting: WaitingCallback) -> CallbackReading {
        let row = waiting.provider
        guard let kind = CarrierKind(rawValue: row.kind), kind.channel.rawValue == row.channel else {
            return refuse(row, "unknown_kind")
        }
        let secrets: [String: String]
        do {
            secrets = try open(row)
        } catch {
            logger.error(
                "the keyring does not open what proves receipts",
                ["provider": .string("\(row.id)"), "error": .string("\(error)")]
            )
            return .waits(Self.pause)
        }
        guard let settings = try? CarrierSettings.check(kind, row.settings, secrets: secrets) else {
            return refuse(row, "settings")
        }
        var certificate: String?
        if kind == .ses {
            let asked = Self.callback(waiting.callback, url: "")
            guard let url = SESCallbacks.certificateURL(asked) else { return refuse(row, "unsigned") }
            certificate = certificates[url]
            if certificate == nil { return .waits(certificates.pause) }
        }
        guard let reader = settings.callbacks(certificate: certificate) else { return refuse(row, "not_set_up") }
        var refusal = CallbackError.badSignature
        for url in settings.addresses(host: waiting.callback.host, target: waiting.callback.target) {
            do throws(CallbackError) {
                // By the time at which it came: it may have waited for us.
                let contents = try reader.read(Self.callback(waiting.callback, url: url), at: waiting.receivedAt)
                metrics.read(kind.rawValue, "read")
                if let url = contents.confirmationURL { certificates.confirm(url) }
                return .read(contents.receipts.map(Self.receipt), contents.inbound.compactMap(Self.reply))
            } catch {
                refusal = error
            }
        }
        return refuse(row, "\(refusal)")
    }

    private func refuse(_ row: NoticeProviderRow, _ word: String) -> CallbackReading {
        metrics.read(row.kind, "refused")
        logger.warn("a receipt is not believed", ["provider": .string("\(row.id)"), "reason": .string(word)])
        return .refused
    }

    private static func callback(_ asked: NoticeCallback, url: String) -> CarrierCallback {
        CarrierCallback(url: url, headers: asked.headers.map { ClientHeader($0.key, $0.value) }, body: asked.body)
    }

    static func receipt(_ told: Receipt) -> NoticeReceipt {
        let state: NoticeReceipt.State =
            switch told.kind {
            case .delivered: .delivered
            // Whether the recipient's side refused it or the vendor never tried: it did not arrive.
            case .bounced, .failed: .bounced
            case .complained: .complained
            }
        var receipt = NoticeReceipt(messageID: told.messageID, notice: told.notice, state: state, at: told.at)
        receipt.reason = told.reason
        if told.isPermanent {
            receipt.suppression =
                told.kind == .complained ? .complained : told.reason == "opted_out" ? .stopped : .bounced
        }
        return receipt
    }

    /// What somebody wants who answered; nil where he wants nothing of that kind.
    static func reply(_ message: InboundMessage) -> NoticeReply? {
        let digest = NoticeAddress.digest(.sms, message.from)
        return switch message.word {
        case .stop: NoticeReply(.stop, digest: digest)
        case .start: NoticeReply(.start, digest: digest)
        case .help, nil: nil
        }
    }
}

/// The certificates by which Amazon signs what it tells, and the subscriptions that wait for their confirmation: fetched between two looks.
final class CertificateBook: Sendable {
    private struct Pages {
        var known: [String: String] = [:]
        var wanted: Set<String> = []
        var confirmations: Set<String> = []
    }

    /// More than Amazon has at a time; whoever names others fetches nothing.
    private static let most = 32
    /// What a request waits for its certificate.
    let pause = Duration.seconds(2)

    private let fetch: @Sendable (String) async -> String?
    private let logger: Logger
    private let pages = Mutex(Pages())

    /// `fetch` gets a text from an address of Amazon's; nil where it cannot.
    init(logger: Logger, fetch: @escaping @Sendable (String) async -> String?) {
        (self.logger, self.fetch) = (logger, fetch)
    }

    /// A certificate that is there; one that is not is fetched soon.
    subscript(url: String) -> String? {
        pages.withLock { pages in
            if let known = pages.known[url] { return known }
            if pages.wanted.count < Self.most { pages.wanted.insert(url) }
            return nil
        }
    }

    /// Says to Amazon, soon, that its messages are wanted here.
    func confirm(_ url: String) { pages.withLock { _ = $0.confirmations.insert(url) } }

    /// Fetches what is wanted.
    func work() async {
        let (wanted, confirmations) = pages.withLock { pages in
            defer { (pages.wanted, pages.confirmations) = ([], []) }
            return (pages.wanted, pages.confirmations)
        }
        for url in wanted {
            guard let certificate = await fetch(url) else {
                logger.warn("a certificate of Amazon's was not fetched", [:])
                continue
            }
            pages.withLock { pages in
                if pages.known.count >= Self.most { pages.known = [:] }
                pages.known[url] = certificate
            }
        }
        for url in confirmations {
            let isConfirmed = await fetch(url) != nil
            logger.info("a subscription of Amazon's was confirmed", ["succeeded": .string("\(isConfirmed)")])
        }
    }
}

extension CertificateBook {
    /// Asks Amazon itself.
    convenience init(client: HTTPClient, logger: Logger) {
        self.init(logger: logger) { url in
            guard SESCallbacks.isAmazons(url) else { return nil }
            var request = ClientRequest(.get, url)
            request.deadline = .after(.seconds(5))
            request.responseLimit = 64 << 10
            guard let answer = try? await client.send(request), answer.status == 200 else { return nil }
            return String(decoding: answer.body, as: UTF8.self)
        }
    }
}
