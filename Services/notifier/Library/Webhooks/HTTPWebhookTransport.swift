import Domain
import HTTPClient
import WebhookSigning

/// Sends by HTTP. No redirect is followed, no cookie kept, no proxy asked; of an answer 64 KiB are read.
///
/// Two clients: what one of them has connected to for an endpoint that may be anywhere must serve none that may not.
struct HTTPWebhookTransport: WebhookTransport {
    private let guarded: HTTPClient
    private let open: HTTPClient
    private let limit: Duration

    static let responseLimit = 64 << 10

    /// `guarded` connects to addresses of the public Internet alone.
    init(guarded: HTTPClient, open: HTTPClient, limit: Duration) {
        self.guarded = guarded
        self.open = open
        self.limit = limit
    }

    /// Whether an address belongs to the public Internet: looked at just before each connection.
    static func reaches(_ address: ClientAddress) -> Bool { IPAddress(octets: address.octets)?.isPublic == true }

    func send(_ request: WebhookRequest) async -> WebhookReply? {
        var sent = ClientRequest(
            .post,
            request.url,
            headers: [
                ClientHeader("content-type", "application/cloudevents+json; charset=utf-8"),
                ClientHeader("accept", "*/*"),
                ClientHeader(WebhookSigner.Field.id, request.id),
                ClientHeader(WebhookSigner.Field.timestamp, "\(request.timestamp)"),
                ClientHeader(WebhookSigner.Field.signature, request.signature),
            ],
            body: .octets(request.body),
            responseLimit: Self.responseLimit,
            within: limit
        )
        sent.cutsResponse = true
        do throws(HTTPClientError) {
            let response = try await (request.allowsPrivate ? open : guarded).send(sent)
            let after = response.header("retry-after").flatMap { Self.seconds($0) }
            return WebhookReply(answer: .status(response.status, retryAfter: after), body: response.body)
        } catch {
            switch error.code {
            case .cancelled, .closed: return nil
            case .invalidRequest: return WebhookReply(answer: .none("invalid_url"))
            case .unresolvable: return WebhookReply(answer: .none("unresolvable"))
            case .unreachable: return WebhookReply(answer: .none("unreachable"))
            case .forbidden: return WebhookReply(answer: .none("private_address"))
            case .tls: return WebhookReply(answer: .none("tls"))
            case .timeout: return WebhookReply(answer: .none("timeout"))
            case .busy: return WebhookReply(answer: .none("busy"))
            case .broken, .responseTooLarge, .bodyFailed: return WebhookReply(answer: .none("broken"))
            }
        }
    }

    /// `Retry-After` in seconds (RFC 9110 §10.2.3); a date counts as none: the usual pauses hold.
    static func seconds(_ text: String) -> Duration? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int64(text).map { .seconds($0) }
    }
}
