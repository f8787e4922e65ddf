/// The head of a request, checked against RFC 9112 octet by octet.
///
/// libmicrohttpd reads heads leniently: it takes a bare line feed, a folded line, a space before the colon, a NUL in a
/// value, and two lengths that disagree. It parses in place, so its buffer still shows what came: each delimiter (the
/// two spaces of the request line, every colon, every CR and LF) has become one NUL and nothing else has changed but
/// the target. A head that is well formed therefore has exactly one shape in that buffer, and any other is refused.
///
/// One pair cannot be told apart there, a NUL before a bare line feed and a CR LF; both end the line, here and there.
struct RequestHead: Sendable {
    let method: HTTPMethod
    let target: RequestTarget
    /// HTTP/1.0 where false.
    let isVersion11: Bool
    let headers: RequestHeaders
    /// Octets of the body; nil where it comes in chunks, 0 where there is none.
    let contentLength: Int?
    let expectsContinue: Bool

    var hasBody: Bool { contentLength != 0 }
    var isChunked: Bool { contentLength == nil }

    /// Reads the head that libmicrohttpd has cut up in `octets`; `target` is what stood at `targetOffset` before it was
    /// cut as well.
    init(cut octets: consuming [UInt8], target raw: [UInt8], at targetOffset: Int) throws(HeadFault) {
        guard let methodEnd = octets.firstIndex(of: 0) else { throw .requestLine }
        guard let method = HTTPMethod(octets: octets[..<methodEnd]) else { throw .method }
        guard targetOffset == methodEnd + 1, !raw.isEmpty else { throw .requestLine }
        let versionStart = targetOffset + raw.count + 1
        isVersion11 = try Self.version(octets, at: versionStart)
        let fields = try Self.fields(&octets, from: versionStart + 10)
        headers = RequestHeaders(octets: octets, fields: fields)
        self.method = method
        target = try RequestTarget(raw, method: method)
        try Self.checkHost(headers, isVersion11: isVersion11, target: target)
        contentLength = try Self.bodyLength(headers, isVersion11: isVersion11)
        expectsContinue = try Self.expectation(headers)
    }

    /// The version, between the NUL that was a space and the two that were its line's end.
    private static func version(_ octets: [UInt8], at start: Int) throws(HeadFault) -> Bool {
        guard start + 12 <= octets.count, octets[start - 1] == 0 else { throw .requestLine }
        guard octets[start + 8] == 0, octets[start + 9] == 0 else { throw .lineEnding }
        let text = octets[start..<start + 8]
        if text.elementsEqual("HTTP/1.1".utf8) { return true }
        guard text.elementsEqual("HTTP/1.0".utf8) else { throw .version }
        return false
    }

    private static func fields(_ octets: inout [UInt8], from start: Int) throws(HeadFault) -> [RequestHeaders.Field] {
        var fields: [RequestHeaders.Field] = []
        fields.reserveCapacity(12)
        var place = start
        let end = octets.count
        while place < end, octets[place] != 0 {
            let nameStart = place
            while place < end, octets[place] != 0 {
                guard Token.holds(octets[place]) else { throw .name }
                octets[place] = Token.lowercased(octets[place])
                place += 1
            }
            let nameEnd = place
            place += 1
            while place < end, octets[place] == 0x20 || octets[place] == 0x09 { place += 1 }
            let valueStart = place
            while place < end, octets[place] != 0 {
                guard Token.isFieldValue(octets[place]) else { throw .value }
                place += 1
            }
            var valueEnd = place
            while valueEnd > valueStart, octets[valueEnd - 1] == 0x20 || octets[valueEnd - 1] == 0x09 { valueEnd -= 1 }
            guard place + 1 < end, octets[place + 1] == 0 else { throw .lineEnding }
            place += 2
            fields.append(.init(name: Int32(nameStart)..<Int32(nameEnd), value: Int32(valueStart)..<Int32(valueEnd)))
        }
        // The empty line, and nothing behind it.
        guard place + 2 == end, octets[place] == 0, octets[place + 1] == 0 else { throw .lineEnding }
        return fields
    }

    private static func checkHost(
        _ headers: RequestHeaders,
        isVersion11: Bool,
        target: RequestTarget
    ) throws(HeadFault) {
        switch headers.number(of: "host") {
        case 0: if isVersion11 { throw .hostMissing }
        case 1:
            guard let host = headers["host"], Authority.isValid(host) else { throw .host }
            if let authority = target.authority, authority.lowercased() != host.lowercased() { throw .host }
        default: throw .host
        }
    }

    /// RFC 9112 §6.3, strictly: what two readers could take for different lengths is refused.
    private static func bodyLength(_ headers: RequestHeaders, isVersion11: Bool) throws(HeadFault) -> Int? {
        let lengths = headers.number(of: "content-length")
        let encodings = headers.values("transfer-encoding")
        if !encodings.isEmpty {
            guard lengths == 0 else { throw .lengthWithEncoding }
            guard isVersion11, encodings.count == 1, encodings[0].lowercased() == "chunked" else { throw .encoding }
            return nil
        }
        guard lengths <= 1 else { throw .lengthRepeated }
        guard let text = headers["content-length"] else { return 0 }
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let length = Int(text)
        else { throw .length }
        return length
    }

    private static func expectation(_ headers: RequestHeaders) throws(HeadFault) -> Bool {
        guard let text = headers["expect"] else { return false }
        guard text.lowercased() == "100-continue" else { throw .expectation }
        return true
    }
}

/// `host [":" port]` (RFC 9110 §7.2).
enum Authority {
    static func isValid(_ text: String) -> Bool {
        let octets = Array(text.utf8)
        guard !octets.isEmpty, octets.count <= 260 else { return false }
        let host: ArraySlice<UInt8>
        let rest: ArraySlice<UInt8>
        if octets[0] == UInt8(ascii: "[") {
            guard let end = octets.firstIndex(of: UInt8(ascii: "]")), end > 2 else { return false }
            host = octets[1..<end]
            rest = octets[(end + 1)...]
            guard host.allSatisfy({ isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }) else {
                return false
            }
        } else {
            let end = octets.firstIndex(of: UInt8(ascii: ":")) ?? octets.count
            host = octets[..<end]
            rest = octets[end...]
            guard !host.isEmpty, host.allSatisfy({ isNameOctet($0) }) else { return false }
        }
        guard let colon = rest.first else { return true }
        let port = rest.dropFirst()
        return colon == UInt8(ascii: ":") && port.count <= 5 && port.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    private static func isHexadecimal(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x61...0x66).contains(octet | 0x20)
    }

    private static func isNameOctet(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x61...0x7A).contains(octet | 0x20) || octet == UInt8(ascii: "-")
            || octet == UInt8(ascii: ".") || octet == UInt8(ascii: "_")
    }
}
