/// One message of a WebSocket, all of its fragments together.
package enum WebSocketMessage: Sendable, Equatable {
    case text(String)
    case binary([UInt8])

    var frame: [UInt8] {
        switch self {
        case .text(let text): WebSocketFrame.encode(.text, Array(text.utf8))
        case .binary(let octets): WebSocketFrame.encode(.binary, octets)
        }
    }
}

/// Why a WebSocket is closed (RFC 6455 §7.4).
package struct WebSocketCloseCode: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    package let code: UInt16

    package init(integerLiteral code: UInt16) { self.code = code }
    init(_ code: UInt16) { self.code = code }

    package static let normal: WebSocketCloseCode = 1000
    package static let goingAway: WebSocketCloseCode = 1001
    package static let protocolError: WebSocketCloseCode = 1002
    package static let unsupportedData: WebSocketCloseCode = 1003
    /// Never sent: the close frame held no code.
    package static let noCode: WebSocketCloseCode = 1005
    /// Never sent: the connection ended without a close frame.
    package static let abnormal: WebSocketCloseCode = 1006
    package static let invalidData: WebSocketCloseCode = 1007
    package static let policy: WebSocketCloseCode = 1008
    package static let tooLarge: WebSocketCloseCode = 1009
    package static let internalError: WebSocketCloseCode = 1011

    /// Whether a peer may send it.
    var isSendable: Bool {
        (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
    }

    package var description: String { String(code) }
}

enum WebSocketOpcode: UInt8 {
    case continuation = 0, text = 1, binary = 2
    case close = 8, ping = 9, pong = 10

    var isControl: Bool { rawValue >= 8 }
}

/// Frames as a server writes them: whole and unmasked.
enum WebSocketFrame {
    static func encode(_ opcode: WebSocketOpcode, _ payload: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(payload.count + 10)
        frame.append(0x80 | opcode.rawValue)
        switch payload.count {
        case 0..<126: frame.append(UInt8(payload.count))
        case 126..<65_536: frame += [126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default:
            frame.append(127)
            for shift in stride(from: 56, through: 0, by: -8) {
                frame.append(UInt8(truncatingIfNeeded: UInt64(payload.count) >> UInt64(shift)))
            }
        }
        frame += payload
        return frame
    }

    static func close(_ code: WebSocketCloseCode, _ reason: String = "") -> [UInt8] {
        guard code != .noCode else { return encode(.close, []) }
        // A control frame holds 125 octets, and the reason must stay whole characters.
        var text = reason
        while text.utf8.count > 123 { text.removeLast() }
        return encode(.close, [UInt8(code.code >> 8), UInt8(code.code & 255)] + text.utf8)
    }
}
