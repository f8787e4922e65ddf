/// Octets of libFuzzer's making as the head of a request, cut up as libmicrohttpd leaves it, and as frames of a
/// WebSocket. What is accepted must be what the types promise.
@c(LLVMFuzzerTestOneInput)
public func fuzzHTTP(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
    guard let first = input.first else { return 0 }
    if first & 1 == 0 { exerciseHead(Array(input.dropFirst())) } else { exerciseFrames(input.dropFirst()) }
    return 0
}

private func exerciseHead(_ input: [UInt8]) {
    var octets = input
    let lineEnd = octets.firstIndex(of: 10) ?? octets.count
    guard let first = octets[..<lineEnd].firstIndex(of: 32), let last = octets[..<lineEnd].lastIndex(of: 32),
        first < last
    else { return }
    let target = Array(octets[(first + 1)..<last])
    octets[first] = 0
    octets[last] = 0
    var isName = false
    for index in octets.indices where index > last {
        if octets[index] == 10 {
            octets[index] = 0
            if octets[index - 1] == 13 { octets[index - 1] = 0 }
            isName = true
        } else if octets[index] == 58, isName {
            octets[index] = 0
            isName = false
        }
    }
    guard let head = try? RequestHead(cut: octets, target: target, at: first + 1) else { return }
    for (name, value) in head.headers.all {
        precondition(Token.isToken(name.utf8) && value.utf8.allSatisfy { Token.isFieldValue($0) }, "a malformed field")
    }
    precondition(!head.isVersion11 || head.headers.number(of: "host") == 1, "no host, or two")
    precondition(head.contentLength ?? 0 >= 0, "a negative length")
    precondition(head.target.segments.allSatisfy { !$0.utf8.contains(0) && $0 != ".." }, "a malformed path")
    precondition(
        head.headers.number(of: "content-length") + head.headers.number(of: "transfer-encoding") <= 1,
        "two lengths"
    )
}

/// Four octets make a piece's header, the fourth says how much payload follows.
private func exerciseFrames(_ input: ArraySlice<UInt8>) {
    var assembler = MessageAssembler(limit: 200)
    var rest = input
    while rest.count >= 4 {
        let header = Array(rest.prefix(4))
        rest = rest.dropFirst(4)
        let payload = Array(rest.prefix(Int(header[3])))
        rest = rest.dropFirst(payload.count)
        let piece = MessageAssembler.Piece(
            isFinal: header[0] & 0x80 != 0,
            reserved: header[0] >> 4 & 7,
            opcode: header[0] & 15,
            isMasked: header[1] & 1 == 0,
            length: UInt64(payload.count),
            octets: payload,
            isFirst: true,
            isLast: true
        )
        guard let event = try? assembler.take(piece) else {
            if piece.isFinal { return }
            continue
        }
        if case .message(.text(let text)) = event { precondition(text.utf8.count <= 200, "a message over the limit") }
        if case .message(.binary(let octets)) = event { precondition(octets.count <= 200, "a message over the limit") }
    }
}
