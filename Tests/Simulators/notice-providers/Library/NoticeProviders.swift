import Concurrency
import Crypto
package import HTTPServer
import Synchronization
import WireFormat

/// The vendors that notices go through, each below a path of its own (`/sendgrid/…`): every request is checked against the vendor's
/// published API, and answered as the vendor does.
package final class NoticeProviders: Sendable {
    /// A message that a vendor took.
    package struct Taken: Sendable {
        package let vendor: String
        /// What its id was said to be; nil where the vendor says none.
        package let id: String?
        /// What was asked: JSON by paths such as `to.0.email`, forms and queries by names, files of forms as `attachment`.
        package let fields: [String: String]
    }

    /// What goes wrong with the next request.
    package enum Fault: Sendable {
        /// Answers that and takes nothing.
        case answer(Int, headers: [String: String], body: String)
        /// Takes it and says nothing, until `release()`.
        case silent
        /// Says nothing and takes nothing, until `release()`.
        case stalled
        /// Takes it and answers what is no answer of the vendor's.
        case garbled
    }

    private struct State {
        var taken: [Taken] = []
        var faults: [(vendor: String, fault: Fault)] = []
        var asked: [String: Int] = [:]
        var tokens: Set<String> = []
        var goneTokens: Set<String> = []
        var waiting: [AsyncStream<Never>.Continuation] = []
        var made = 0
    }

    private let state = Mutex(State())
    let accounts: VendorAccounts
    let now: @Sendable () -> Int64

    /// `now` is in seconds since 1970.
    package init(
        now: @escaping @Sendable () -> Int64 = { SystemClock.microsecondsSince1970() / 1_000_000 }
    ) throws {
        accounts = try VendorAccounts()
        self.now = now
    }

    package var taken: [Taken] { state.withLock { $0.taken } }

    /// How often a vendor was asked, whatever came of it; `google` is who gives access tokens.
    package func timesAsked(_ vendor: String) -> Int { state.withLock { $0.asked[vendor] ?? 0 } }

    /// Does the vendor's next request wrong; several in their order.
    package func fail(_ vendor: String, _ fault: Fault) { state.withLock { $0.faults.append((vendor, fault)) } }

    /// Lets go what is silent.
    package func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.finish() }
    }

    /// No access token that was given holds any more.
    package func revokeTokens() { state.withLock { $0.tokens = [] } }

    /// The application behind that push token was removed.
    package func unregister(_ token: String) { state.withLock { _ = $0.goneTokens.insert(token) } }

    func isGood(token: String) -> Bool { state.withLock { $0.tokens.contains(token) } }
    func isGone(_ token: String) -> Bool { state.withLock { $0.goneTokens.contains(token) } }

    func newToken() -> String {
        state.withLock { state in
            state.made += 1
            let token = "ya29.token-\(state.made)"
            state.tokens.insert(token)
            return token
        }
    }

    /// What the next message is named.
    func newID(_ prefix: String) -> String {
        state.withLock { state in
            state.made += 1
            return prefix + String(state.made)
        }
    }

    /// The settings and secrets of the one account that a vendor's emulation knows, which answers at `base`.
    package func settings(_ vendor: String, base: String) -> (settings: [String: String], secrets: [String: String]) {
        accounts.settings(vendor, base: base)
    }

    /// Answers a request.
    package func respond(to request: Request) async -> Response {
        guard let body = try? await request.body(limit: 64 << 20) else { return Response(.badRequest) }
        let segments = request.target.path.split(separator: "/").map(String.init)
        guard let vendor = segments.first else { return Response(.notFound) }
        let fault = state.withLock { state -> Fault? in
            state.asked[vendor, default: 0] += 1
            guard let index = state.faults.firstIndex(where: { $0.vendor == vendor }) else { return nil }
            return state.faults.remove(at: index).fault
        }
        switch fault {
        case .answer(let status, let headers, let body):
            var response = Response(
                HTTPStatus(status),
                contentType: "application/json",
                body: .octets(Array(body.utf8))
            )
            for (name, value) in headers {
                if let name = HeaderName(name) { response.headers[name] = HeaderValue(withoutControls: value) }
            }
            return response
        case .stalled:
            await silence()
            return Response(.serviceUnavailable)
        case .silent, .garbled, nil: break
        }
        let answer = serve(vendor, Asked(request: request, body: body, path: Array(segments.dropFirst())))
        switch fault {
        case .silent:
            await silence()
            return answer
        case .garbled: return .text("<html>", status: 200)
        default: return answer
        }
    }

    private func silence() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        state.withLock { $0.waiting.append(continuation) }
        for await _ in stream {}
    }

    private func serve(_ vendor: String, _ asked: Asked) -> Response {
        do throws(Refusal) {
            let (taken, response): (Taken?, Response) =
                switch vendor {
                case "sendgrid": try sendGrid(asked)
                case "mailgun": try mailgun(asked)
                case "postal": try postal(asked)
                case "ses": try ses(asked)
                case "twilio": try twilio(asked)
                case "vonage": try vonage(asked)
                case "kannel": try kannel(asked)
                case "google": try google(asked)
                case "fcm": try fcm(asked)
                case "webhook": try slack(asked)
                default: throw Refusal(404, text: "no such vendor")
                }
            if let taken { state.withLock { $0.taken.append(taken) } }
            return response
        } catch {
            return error.response
        }
    }
}
