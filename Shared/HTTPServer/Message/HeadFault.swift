/// Why a request's head is refused before any handler sees it.
package enum HeadFault: Error, Equatable, CaseIterable {
    case requestLine, method, target, version
    case lineEnding, name, value
    case host, hostMissing
    case lengthWithEncoding, lengthRepeated, length, encoding
    case expectation
    case headTooLarge, targetTooLong

    /// The answer's status; the connection is closed behind it.
    package var status: HTTPStatus {
        switch self {
        case .expectation: 417
        case .headTooLarge: 431
        case .targetTooLong: 414
        case .version: 505
        default: 400
        }
    }

    /// What the answer says; it repeats nothing of the request.
    package var detail: String {
        switch self {
        case .requestLine: "The request line is malformed."
        case .method: "The method is not a token."
        case .target: "The request target is malformed."
        case .version: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
        case .lineEnding: "A line of the head does not end with CR LF, or is folded."
        case .name: "A field name is not a token."
        case .value: "A field value holds a control character."
        case .host: "The Host field is malformed, repeated or not the target's."
        case .hostMissing: "The Host field is missing."
        case .lengthWithEncoding: "Content-Length and Transfer-Encoding exclude one another."
        case .lengthRepeated: "Content-Length stands more than once."
        case .length: "Content-Length is not a number of octets."
        case .encoding: "Only the transfer encoding chunked is understood, once, in HTTP/1.1."
        case .expectation: "The only expectation understood is 100-continue."
        case .headTooLarge: "The head of the request is too large."
        case .targetTooLong: "The request target is too long."
        }
    }
}
