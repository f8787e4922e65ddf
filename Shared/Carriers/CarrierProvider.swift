internal import Concurrency
internal import Crypto
package import Domain
package import HTTPClient
package import Notices
internal import Synchronization

/// An account with a vendor over HTTP. Any number of them share one client, its thread and its connections.
package final class CarrierProvider: NoticeProvider {
    private let carrier: any Carrier
    private let client: HTTPClient
    private let now: @Sendable () -> Timestamp
    /// Of FCM.
    private let tokens: AccessTokens?

    /// Octets of an answer at most: the longest that any vendor gives is a hundredth of it.
    private static let answerLimit = 256 << 10

    /// Throws everything that is wrong with the settings and secrets.
    package init(
        _ kind: CarrierKind,
        settings: [String: String],
        secrets: [String: String],
        client: HTTPClient,
        now: @escaping @Sendable () -> Timestamp
    ) throws(ProviderSettingsError) {
        let checked: CarrierSettings
        do throws(ValidationError) {
            checked = try CarrierSettings.check(kind, settings, secrets: secrets)
        } catch {
            throw ProviderSettingsError(error)
        }
        carrier = checked.carrier
        tokens = kind == .fcm ? AccessTokens(checked) : nil
        self.client = client
        self.now = now
    }

    /// Hands over one message. Where no answer came and something of the request may have left, nobody knows: no vendor here takes a
    /// key by which a second request would be known for the first.
    package func send(_ message: OutgoingMessage, within limit: Duration) async -> SendOutcome {
        let deadline = Deadline.after(limit)
        var extra: [ClientHeader] = []
        if let tokens {
            switch await tokens.token(client, deadline: deadline, limit: Self.answerLimit, now: now) {
            case .success(let token): extra = [ClientHeader("Authorization", "Bearer \(token)")]
            case .failure(let refusal): return refusal.outcome
            }
        }
        var request: ClientRequest
        switch carrier.request(for: message, at: now()).made(extra, deadline, limit: Self.answerLimit) {
        case .success(let made): request = made
        case .failure(let refusal): return refusal.outcome
        }
        request.isSaidOnce = true
        do throws(HTTPClientError) {
            let answer = try await client.send(request)
            if answer.status == 401 { tokens?.forget() }
            return carrier.outcome(of: answer, to: message, at: now())
        } catch {
            return CarrierOutcome.of(error)
        }
    }

    /// The client is its owner's: nothing is held here.
    package func close() async {}
}

extension CarrierSettings {
    var carrier: any Carrier {
        switch kind {
        case .sendgrid: SendGrid(settings: self)
        case .mailgun: Mailgun(settings: self)
        case .postal: PostalServer(settings: self)
        case .ses: SES(settings: self)
        case .twilio: Twilio(settings: self)
        case .vonage: Vonage(settings: self)
        case .kannel: Kannel(settings: self)
        case .fcm: FCM(settings: self)
        case .webhook: Slack(settings: self)
        }
    }
}

/// Why nothing was sent.
struct NotSent: Error {
    let outcome: SendOutcome
}

extension CarrierRequest {
    func made(_ extra: [ClientHeader], _ deadline: Deadline, limit: Int) -> Result<ClientRequest, NotSent> {
        var request: ClientRequest
        switch self {
        case .none(let outcome): return .failure(NotSent(outcome: outcome))
        case .get(let url, let headers): request = ClientRequest(.get, url, headers: headers + extra)
        case .post(let url, let headers, let body):
            request = ClientRequest(.post, url, headers: headers + extra, body: .octets(body))
        }
        request.deadline = deadline
        request.responseLimit = limit
        return .success(request)
    }
}

/// Keeps FCM's access token until shortly before its end. Several tasks that find none at once may each fetch one: Google gives as many
/// as are asked for.
final class AccessTokens: Sendable {
    private let account: ServiceAccount?
    private let url: String
    private let kept = Mutex<AccessToken?>(nil)

    init(_ settings: CarrierSettings) {
        account = settings.secrets["service_account"].flatMap { ServiceAccount(json: $0) }
        url = settings["token_url"] ?? account?.tokenURL ?? ""
    }

    /// The next message asks for a new one.
    func forget() { kept.withLock { $0 = nil } }

    func token(
        _ client: HTTPClient,
        deadline: Deadline,
        limit: Int,
        now: @Sendable () -> Timestamp
    ) async -> Result<String, NotSent> {
        let seconds = now().microseconds / 1_000_000
        if let token = kept.withLock({ $0 }), token.isGood(at: seconds) { return .success(token.text) }
        guard let account, let request = try? account.request(to: url, at: seconds) else {
            return .failure(NotSent(outcome: .outage(reason: "not_authorised", detail: nil, after: nil)))
        }
        let outcome: SendOutcome
        switch request.made([], deadline, limit: limit) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let request):
            do throws(HTTPClientError) {
                let answer = try await client.send(request)
                if let token = AccessToken(answer, at: seconds) {
                    kept.withLock { $0 = token }
                    return .success(token.text)
                }
                outcome = Self.refused(answer)
            } catch {
                // A token that was given and lost hurts nobody: the message itself has not left.
                outcome = .outage(reason: "token_\(error.code.rawValue)", detail: error.message, after: nil)
            }
        }
        return .failure(NotSent(outcome: outcome))
    }

    private static func refused(_ answer: ClientResponse) -> SendOutcome {
        let isBusy = answer.status == 429 || answer.status >= 500
        return .outage(reason: isBusy ? "provider_down" : "not_authorised", detail: nil, after: nil)
    }
}
