/// One request of the admin port: strict HTTP/1.1, GET without a body.
struct AdminRequest: Equatable {
    /// Decodes nothing; the part before `?`.
    let path: String
    let keepsAlive: Bool

    /// What the octets received so far amount to.
    enum Outcome: Equatable {
        /// More is needed.
        case incomplete
        /// A request, and how many octets it took.
        case request(AdminRequest, consumed: Int)
        /// Not acceptable: answer with this status and close.
        case refused(status: Int)
    }

    /// The longest request, line and headers together.
    static let maximumOctets = 8_192

    /// Looks at what was received, of which the first `searched` octets were incomplete by themselves.
    static func parse(_ bytes: [UInt8], searched: Int = 0) -> Outcome {
        guard let end = endOfHead(bytes, from: max(3, searched)) else {
            return bytes.count >= maximumOctets ? .refused(status: 431) : .incomplete
        }
        guard end <= maximumOctets else { return .refused(status: 431) }
        guard let head = text(bytes[..<(end - 4)]) else { return .refused(status: 400) }
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        // Swift takes CR LF as one character: a lone CR or LF that is left over was never part of a line's end.
        guard let first = lines.first, !head.contains("\n"), !head.contains("\r") else { return .refused(status: 400) }
        switch requestLine(first) {
        case .failure(let refusal): return .refused(status: refusal.status)
        case .success(let path):
            guard let keepsAlive = headers(lines.dropFirst()) else { return .refused(status: 400) }
            return .request(AdminRequest(path: path, keepsAlive: keepsAlive), consumed: end)
        }
    }

    private struct Refusal: Error {
        let status: Int
    }

    private static func endOfHead(_ bytes: [UInt8], from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        for index in start..<bytes.count
        where bytes[index] == 10 && bytes[index - 1] == 13 && bytes[index - 2] == 10 && bytes[index - 3] == 13 {
            return index + 1
        }
        return nil
    }

    /// Only ASCII without control characters other than CR, LF and tab.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
        let isPlain = bytes.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || $0 == 9 || $0 == 10 || $0 == 13 }
        return isPlain ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func requestLine(_ line: Substring) -> Result<String, Refusal> {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].hasPrefix("/") else { return .failure(Refusal(status: 400)) }
        guard parts[2] == "HTTP/1.1" else { return .failure(Refusal(status: parts[2].hasPrefix("HTTP/") ? 505 : 400)) }
        guard parts[0] == "GET" else { return .failure(Refusal(status: 405)) }
        return .success(String(parts[1].prefix { $0 != "?" }))
    }

    /// Whether the connection stays open; nil when a header is malformed, Host is not there once, or a body comes.
    private static func headers(_ lines: ArraySlice<Substring>) -> Bool? {
        var hosts = 0
        var keepsAlive = true
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                !line[..<colon].contains(where: { $0 == " " || $0 == "\t" })
            else { return nil }
            let value = line[line.index(after: colon)...].filter { $0 != " " && $0 != "\t" }.lowercased()
            switch line[..<colon].lowercased() {
            case "host": hosts += 1
            case "connection": if value.split(separator: ",").contains("close") { keepsAlive = false }
            case "content-length": if value != "0" { return nil }
            case "transfer-encoding": return nil
            default: break
            }
        }
        return hosts == 1 ? keepsAlive : nil
    }
}

/// An answer of the admin port.
package struct AdminResponse: Sendable, Equatable {
    package let status: Int
    package let contentType: String
    package let body: [UInt8]

    package init(status: Int = 200, contentType: String = "application/json", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A refusal without details.
    static func refusal(_ status: Int) -> AdminResponse {
        AdminResponse(status: status, contentType: "text/plain", body: Array("\(status) \(reason(status))\n".utf8))
    }

    /// The octets to send.
    func encoded(keepsAlive: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(Self.reason(status))\r\nContent-Type: \(contentType)\r\n"
        head += "Content-Length: \(body.count)\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        if status == 405 { head += "Allow: GET\r\n" }
        head += keepsAlive ? "\r\n" : "Connection: close\r\n\r\n"
        return Array(head.utf8) + body
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
