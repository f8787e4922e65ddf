import Concurrency
import Glibc
import Testing
import WireFormat

@testable import APIGateway

/// An answer as it came over the wire.
struct Answer: Sendable {
    let status: Int
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> JSONValue { try JSONValue(body) }

    /// The member at a path such as `data.id`; numbers are positions in lists.
    subscript(path: String) -> JSONValue? {
        guard var value = try? JSONValue(body) else { return nil }
        for part in path.split(separator: ".") {
            switch value {
            case .object(let members):
                guard let member = members[String(part)] else { return nil }
                value = member
            case .list(let values):
                guard let index = Int(part), values.indices.contains(index) else { return nil }
                value = values[index]
            default: return nil
            }
        }
        return value
    }

    func list(_ path: String) -> [JSONValue] {
        guard case .list(let values)? = self[path] else { return [] }
        return values
    }
}

/// A client that speaks plain HTTP/1.1, one connection a request.
struct HTTPClient: Sendable {
    let port: UInt16
    private static let threads = WorkerPool(name: "test-http", threads: 4)

    struct Failure: Error {
        let reason: String
    }

    func send(
        _ method: String,
        _ target: String,
        headers: [String: String] = [:],
        body: [UInt8]? = nil
    ) async throws -> Answer {
        var text = "\(method) \(target) HTTP/1.1\r\nConnection: close\r\n"
        if headers["Host"] == nil { text += "Host: 127.0.0.1\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.count)\r\n" }
        let octets = Array((text + "\r\n").utf8) + (body ?? [])
        let port = port
        return try await Self.threads.run { try Self.answer(try Self.exchange(octets, port), method) }
    }

    private static func exchange(_ octets: [UInt8], _ port: UInt16) throws -> [UInt8] {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Failure(reason: "no socket") }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(reason: "not connected") }
        var sent = 0
        while sent < octets.count {
            let count = unsafe octets.withUnsafeBytes { bytes in
                // SAFETY: sent is below the count.
                unsafe Glibc.send(
                    socket,
                    bytes.baseAddress.map { unsafe $0 + sent },
                    octets.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { break }
            sent += count
        }
        var received: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe recv(socket, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            received += piece[..<count]
        }
        return received
    }

    private static func answer(_ octets: [UInt8], _ method: String) throws -> Answer {
        guard let end = octets.firstIndex(ofPattern: Array("\r\n\r\n".utf8)) else {
            throw Failure(reason: "no head: \(String(decoding: octets.prefix(200), as: UTF8.self))")
        }
        let lines = String(decoding: octets[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first.flatMap({ Int($0.split(separator: " ")[1]) }) else {
            throw Failure(reason: "no status")
        }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        var body = Array(octets[(end + 4)...])
        if headers["transfer-encoding"] == "chunked" { body = dechunked(body) }
        return Answer(status: status, headers: headers, body: body)
    }

    private static func dechunked(_ octets: [UInt8]) -> [UInt8] {
        var rest = octets[...]
        var body: [UInt8] = []
        while let line = Array(rest).firstIndex(ofPattern: [13, 10]) {
            let size = Int(String(decoding: rest.prefix(line), as: UTF8.self), radix: 16) ?? 0
            rest = rest.dropFirst(line + 2)
            guard size > 0 else { break }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return body
    }
}

extension Array where Element == UInt8 {
    func firstIndex(ofPattern pattern: [UInt8]) -> Int? {
        guard count >= pattern.count else { return nil }
        return (0...(count - pattern.count)).first { self[$0..<($0 + pattern.count)].elementsEqual(pattern) }
    }
}
