internal import Domain
internal import HTTPClient
internal import Notices
internal import WireFormat

/// A vendor's API: which request says a message, and what its answers mean. Pure.
protocol Carrier: Sendable {
    /// What the vendor is asked, or why it need not be.
    func request(for message: OutgoingMessage, at now: Timestamp) -> CarrierRequest
    /// What the vendor's answer means.
    func outcome(of answer: ClientResponse, to message: OutgoingMessage, at now: Timestamp) -> SendOutcome
}

/// What a vendor is asked.
enum CarrierRequest: Sendable {
    case post(url: String, headers: [ClientHeader], body: [UInt8])
    case get(url: String, headers: [ClientHeader])
    /// The vendor could do nothing with it.
    case none(SendOutcome)

    static func json(_ url: String, _ headers: [ClientHeader], _ body: [UInt8]) -> CarrierRequest {
        .post(url: url, headers: headers + [ClientHeader("Content-Type", "application/json")], body: body)
    }

    static func form(_ url: String, _ headers: [ClientHeader], _ items: [(String, String)]) -> CarrierRequest {
        .post(
            url: url,
            headers: headers + [ClientHeader("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(FormText.encode(items).utf8)
        )
    }
}

/// What every vendor's answers have in common.
enum CarrierOutcome {
    private static let detailLimit = 300
    /// Longer waits are not believed.
    private static let longestWait: Int64 = 3_600

    /// What the status alone says; nil where the vendor's own words decide.
    static func common(_ answer: ClientResponse, _ words: String?, _ message: OutgoingMessage, at now: Timestamp)
        -> SendOutcome?
    {
        let detail = detail(words, message)
        return switch answer.status {
        case 200..<300: nil
        case 401, 403: .outage(reason: "not_authorised", detail: detail, after: nil)
        case 429: .outage(reason: "throttled", detail: detail, after: wait(answer, at: now))
        // It says itself that it did not handle it (RFC 9110 §15.6.4).
        case 503: .outage(reason: "provider_down", detail: detail, after: wait(answer, at: now))
        // It, or what stands behind it, may have handled it.
        case 500...: .unknown(reason: "provider_fault", detail: detail)
        case 413: .refused(reason: "too_large", detail: detail)
        case 400..<500: nil
        // We follow nobody elsewhere: the address in the settings is another's.
        default: .outage(reason: "settings", detail: detail, after: nil)
        }
    }

    /// It answered 2xx and said nothing that we know: it may have it.
    static let unintelligible = SendOutcome.unknown(reason: "unintelligible", detail: nil)

    static func refused(_ reason: String, _ words: String?, _ message: OutgoingMessage) -> SendOutcome {
        .refused(reason: reason, detail: detail(words, message))
    }

    static func outage(_ reason: String, _ words: String?, _ message: OutgoingMessage) -> SendOutcome {
        .outage(reason: reason, detail: detail(words, message), after: nil)
    }

    /// No answer came.
    static func of(_ error: HTTPClientError) -> SendOutcome {
        let reason =
            switch error.code {
            case .unresolvable: "unresolvable"
            case .forbidden: "address_forbidden"
            case .unreachable: "unreachable"
            case .tls: "tls_failed"
            case .timeout: "timeout"
            case .busy: "busy"
            case .cancelled, .closed: "cancelled"
            case .invalidRequest: "settings"
            case .broken: "connection_lost"
            case .responseTooLarge: "answer_too_large"
            case .bodyFailed: "connection_lost"
            }
        return error.mayHaveArrived
            ? .unknown(reason: reason, detail: error.message)
            : .outage(reason: reason, detail: error.message, after: nil)
    }

    /// Retry-After in seconds (RFC 9110 §10.2.3) or, as SendGrid says it, the second at which it begins again.
    private static func wait(_ answer: ClientResponse, at now: Timestamp) -> Duration? {
        if let seconds = answer.header("Retry-After").flatMap({ Int64($0) }), seconds >= 0 {
            return .seconds(min(seconds, longestWait))
        }
        if let reset = answer.header("X-RateLimit-Reset").flatMap({ Int64($0) }) {
            let ahead = reset - now.microseconds / 1_000_000
            return (0...longestWait).contains(ahead) ? .seconds(ahead) : nil
        }
        return nil
    }

    /// The vendor's words on one line, without what could be an address, a number, a link, a key or a token.
    static func detail(_ words: String?, _ message: OutgoingMessage) -> String? {
        guard let words else { return nil }
        let clean = MailText.oneLine(String(words.unicodeScalars.prefix(2_000)))
            .split(separator: " ").map { word in isTelling(word, message) ? "(…)" : word }
            .joined(separator: " ")
        return clean.isEmpty ? nil : String(clean.unicodeScalars.prefix(detailLimit))
    }

    private static func isTelling(_ word: Substring, _ message: OutgoingMessage) -> Bool {
        let digits = word.utf8.count { (0x30...0x39).contains($0) }
        let address = message.address.drop { $0 == "+" }
        return word.contains("@") || word.contains("://") || digits >= 6 || word.utf8.count > 40
            || !address.isEmpty && word.contains(address)
    }
}

/// `application/x-www-form-urlencoded` (WHATWG URL §5), a blank as %20, which readers of forms and of queries both know.
enum FormText {
    static func encode(_ items: [(String, String)]) -> String {
        items.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
    }

    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            if MailText.isLetterOrDigit(octet) || "-._~".utf8.contains(octet) {
                octets.append(octet)
            } else {
                octets += [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    /// The names and values of a form or a query; nil for what is none.
    static func decode(_ octets: some Collection<UInt8>) -> [(name: String, value: String)]? {
        var items: [(name: String, value: String)] = []
        for part in octets.split(separator: UInt8(ascii: "&")) {
            guard items.count < 256 else { return nil }
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let value = equals == part.endIndex ? part[equals...] : part[part.index(after: equals)...]
            guard let name = unescaped(part[..<equals]), let value = unescaped(value) else { return nil }
            items.append((name, value))
        }
        return items
    }

    private static func unescaped(_ octets: some Collection<UInt8>) -> String? {
        var (plain, rest) = ([UInt8](), Array(octets)[...])
        while let octet = rest.popFirst() {
            switch octet {
            case 0x2b: plain.append(0x20)
            case 0x25:
                guard rest.count >= 2, let high = digit(rest.removeFirst()), let low = digit(rest.removeFirst()) else {
                    return nil
                }
                plain.append(high << 4 | low)
            default: plain.append(octet)
            }
        }
        return String(validating: plain, as: UTF8.self)
    }

    private static func digit(_ octet: UInt8) -> UInt8? {
        switch octet {
        case 0x30...0x39: octet - 0x30
        case 0x41...0x46: octet - 0x41 + 10
        case 0x61...0x66: octet - 0x61 + 10
        default: nil
        }
    }
}

/// `Authorization` of RFC 7617.
func basic(_ name: String, _ password: String) -> ClientHeader {
    ClientHeader("Authorization", "Basic \(Base64.encode(Array("\(name):\(password)".utf8)))")
}
