/// Makes messages of what frames bring (RFC 6455 §5.4 to §5.6, §8.1). Pure.
struct MessageAssembler {
    /// A frame's header and one piece of its payload; `isFirst` and `isLast` tell which piece.
    struct Piece {
        var isFinal: Bool
        var reserved: UInt8
        var opcode: UInt8
        var isMasked: Bool
        var length: UInt64
        var octets: [UInt8]
        var isFirst: Bool
        var isLast: Bool
    }

    enum Event: Equatable {
        case message(WebSocketMessage)
        case ping([UInt8])
        case pong
        case close(WebSocketCloseCode, String)
    }

    /// The peer broke the protocol; the connection is closed with this code.
    struct Fault: Error, Equatable {
        let code: WebSocketCloseCode
    }

    private let limit: Int
    /// The type of the message that is under way.
    private var kind: WebSocketOpcode?
    private var message: [UInt8] = []
    private var control: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// Takes the next piece in; returns what it completes.
    mutating func take(_ piece: Piece) throws(Fault) -> Event? {
        if piece.isFirst { try checkHeader(piece) }
        guard let opcode = WebSocketOpcode(rawValue: piece.opcode) else { throw Fault(code: .protocolError) }
        if opcode.isControl {
            control += piece.octets
            guard piece.isLast else { return nil }
            defer { control = [] }
            return try completeControl(opcode)
        }
        message += piece.octets
        guard piece.isLast, piece.isFinal else { return nil }
        defer {
            kind = nil
            message = []
        }
        if kind == .binary { return .message(.binary(message)) }
        guard let text = String(validating: message, as: UTF8.self) else { throw Fault(code: .invalidData) }
        return .message(.text(text))
    }

    private mutating func checkHeader(_ piece: Piece) throws(Fault) {
        guard piece.isMasked, piece.reserved == 0, let opcode = WebSocketOpcode(rawValue: piece.opcode) else {
            throw Fault(code: .protocolError)
        }
        if opcode.isControl {
            guard piece.isFinal, piece.length <= 125 else { throw Fault(code: .protocolError) }
            return
        }
        guard (opcode == .continuation) == (kind != nil) else { throw Fault(code: .protocolError) }
        if opcode != .continuation { kind = opcode }
        guard piece.length <= UInt64(limit), message.count + Int(piece.length) <= limit else {
            throw Fault(code: .tooLarge)
        }
    }

    private func completeControl(_ opcode: WebSocketOpcode) throws(Fault) -> Event {
        switch opcode {
        case .ping: return .ping(control)
        case .pong: return .pong
        default:
            guard !control.isEmpty else { return .close(.noCode, "") }
            guard control.count >= 2 else { throw Fault(code: .protocolError) }
            let code = WebSocketCloseCode(UInt16(control[0]) << 8 | UInt16(control[1]))
            guard code.isSendable else { throw Fault(code: .protocolError) }
            guard let reason = String(validating: control.dropFirst(2), as: UTF8.self) else {
                throw Fault(code: .invalidData)
            }
            return .close(code, reason)
        }
    }
}
