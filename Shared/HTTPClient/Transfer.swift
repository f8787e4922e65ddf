internal import CCurl
internal import Concurrency
internal import Glibc

/// A request that is on its way, on the client's thread alone.
/// SAFETY: libcurl is given its address without a reference; the loop keeps it until libcurl has let go of the transfer.
@safe final class Transfer {
    let ticket: Ticket
    private let easy: EasyHandle
    private let headers: HeaderList
    private var reaches: (@Sendable (ClientAddress) -> Bool)?
    private var sent = 0
    private var fields: [ClientHeader] = []
    private var fieldOctets = 0
    private var body: [UInt8] = []
    /// The body was taken as far as it is wanted.
    private var isCut = false
    /// What made a callback refuse to go on.
    private var fault: HTTPClientError.Code?
    /// Octets of an answer's head at most.
    private static let fieldLimit = 64 << 10

    /// Prepares it. Throws for what libcurl does not take.
    init(_ ticket: Ticket, _ configuration: HTTPClientConfiguration) throws(HTTPClientError) {
        self.ticket = ticket
        easy = try EasyHandle()
        headers = try HeaderList(ticket.request.headers)
        try prepare(configuration)
    }

    /// libcurl's handle, as long as this lives.
    var raw: UnsafeMutableRawPointer { unsafe easy.raw }

    private func prepare(_ configuration: HTTPClientConfiguration) throws(HTTPClientError) {
        let request = ticket.request
        // Signals are the process's: without this libcurl uses SIGALRM for names.
        try easy.set(CURLOPT_NOSIGNAL, 1)
        try easy.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try easy.set(CURLOPT_FOLLOWLOCATION, 0)
        // What the environment calls a proxy is none of ours.
        try easy.set(CURLOPT_PROXY, "")
        try easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        try easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = configuration.authorities { try easy.set(CURLOPT_CAINFO, file) }
        try easy.set(CURLOPT_USERAGENT, configuration.userAgent)
        try easy.set(CURLOPT_URL, request.url)
        // The path is sent as it stands: dots in it may be an object's name, and signatures cover it.
        try easy.set(CURLOPT_PATH_AS_IS, 1)
        let left = max(1, Int(request.deadline.remaining.wholeMilliseconds))
        try easy.set(CURLOPT_TIMEOUT_MS, left)
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, min(left, Int(configuration.connectLimit.wholeMilliseconds)))
        try easy.set(CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
        try easy.set(CURLOPT_BUFFERSIZE, 128 << 10)
        if request.isSaidOnce {
            try easy.set(CURLOPT_FRESH_CONNECT, 1)
            try easy.set(CURLOPT_FORBID_REUSE, 1)
        }
        try prepareMethod(request)
        try EasyHandle.check(unsafe ccurl_set_headers(easy.raw, headers.raw))
        try EasyHandle.check(
            unsafe ccurl_set_callbacks(
                easy.raw,
                Unmanaged.passUnretained(self).toOpaque(),
                takeBody,
                takeHeader,
                giveUpload,
                rewindUpload
            )
        )
        reaches = configuration.reaches
        guard reaches != nil else { return }
        try EasyHandle.check(
            unsafe ccurl_set_opener(easy.raw, Unmanaged.passUnretained(self).toOpaque(), openSocket)
        )
    }

    private func prepareMethod(_ request: ClientRequest) throws(HTTPClientError) {
        let length: Int
        switch (request.body, request.method) {
        case (.none, .head): return try easy.set(CURLOPT_NOBODY, 1)
        case (.none, .get): return try easy.set(CURLOPT_HTTPGET, 1)
        case (.none, .delete):
            try easy.set(CURLOPT_HTTPGET, 1)
            return try easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        case (.none, .put), (.none, .post): length = 0
        case (.octets(let octets), _): length = octets.count
        case (.stream(let stream), _): length = stream.length
        }
        try easy.set(CURLOPT_UPLOAD, 1)
        try easy.set(CURLOPT_INFILESIZE_LARGE, offset: length)
        try easy.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }

    // MARK: - Callbacks

    fileprivate func take(body octets: UnsafeRawBufferPointer) -> Int {
        let room = ticket.request.responseLimit - body.count
        guard octets.count <= room else {
            guard ticket.request.cutsResponse else {
                fault = .responseTooLarge
                return 0
            }
            isCut = true
            unsafe body.append(contentsOf: UnsafeRawBufferPointer(rebasing: octets.prefix(room)))
            return 0
        }
        unsafe body.append(contentsOf: octets)
        return octets.count
    }

    fileprivate func take(header octets: UnsafeRawBufferPointer) -> Int {
        fieldOctets += octets.count
        guard fieldOctets <= Self.fieldLimit else {
            fault = .responseTooLarge
            return 0
        }
        let line = unsafe String(decoding: octets, as: UTF8.self)
        // A provisional answer's fields are not those of the answer.
        if line.hasPrefix("HTTP/") { fields = [] }
        if !line.hasPrefix("HTTP/"), let colon = line.firstIndex(of: ":") {
            fields.append(ClientHeader(String(line[..<colon]), line[line.index(after: colon)...].trimmed))
        }
        return octets.count
    }

    fileprivate func give(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch ticket.request.body {
        case .none: return 0
        case .octets(let octets):
            let count = min(buffer.count, octets.count - sent)
            guard count > 0 else { return 0 }
            unsafe octets.withUnsafeBytes { bytes in
                unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sent..<sent + count]))
            }
            sent += count
            return count
        case .stream:
            switch unsafe ticket.feed?.read(into: buffer) ?? .failed {
            case .octets(let count):
                sent += count
                return count
            case .wait: return Int(CURL_READFUNC_PAUSE)
            case .end: return 0
            case .failed:
                fault = .bodyFailed
                return Int(CURL_READFUNC_ABORT)
            }
        }
    }

    /// A socket for that address; an invalid one where the client may not connect to it: libcurl tries the host's next.
    fileprivate func open(_ address: UnsafePointer<curl_sockaddr>) -> Int32 {
        guard let opened = unsafe GuardedSocket.open(address, where: reaches) else {
            fault = .forbidden
            return -1
        }
        // One of the host's addresses will do.
        fault = nil
        return opened
    }

    /// Begins the body again, where libcurl tries a second connection.
    fileprivate func rewind(to offset: Int) -> Bool {
        guard case .octets(let octets) = ticket.request.body, (0...octets.count).contains(offset) else {
            return offset == sent
        }
        sent = offset
        return true
    }

    // MARK: - End

    /// What came of it.
    func outcome(_ code: CURLcode) -> Result<ClientResponse, HTTPClientError> {
        guard code == CURLE_OK || isCut else {
            let words = EasyHandle.words(code)
            if let fault { return .failure(HTTPClientError(fault, Self.words(fault) ?? words)) }
            let hasBegun = unsafe ccurl_octets_asked(easy.raw) > 0
            return .failure(HTTPClientError(HTTPClientError.Code(code), words, mayHaveArrived: hasBegun))
        }
        return .success(ClientResponse(status: unsafe ccurl_status(easy.raw), headers: fields, body: body))
    }

    private static func words(_ fault: HTTPClientError.Code) -> String? {
        switch fault {
        case .responseTooLarge: "the answer is larger than it may be"
        case .forbidden: "the host has no address that may be connected to"
        case .bodyFailed: "the body could not be made as it was said"
        default: nil
        }
    }
}

extension HTTPClientError.Code {
    init(_ code: CURLcode) {
        switch code {
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: self = .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST: self = .unresolvable
        case CURLE_COULDNT_CONNECT: self = .unreachable
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_USE_SSL_FAILED:
            self = .tls
        default: self = .broken
        }
    }
}

extension Substring {
    /// Without blanks and line ends around it.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\n" || $0 == "\r" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}

/// SAFETY: libcurl calls these on the client's thread, with the transfer that the loop keeps until the handle is removed.
@c
private func takeBody(
    _ octets: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.take(body: UnsafeRawBufferPointer(start: octets, count: size * count))
}

@c
private func takeHeader(
    _ octets: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.take(header: UnsafeRawBufferPointer(start: octets, count: size * count))
}

@c
private func giveUpload(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return Int(CURL_READFUNC_ABORT) }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.give(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
}

@c
private func rewindUpload(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard let context = unsafe context, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.rewind(to: Int(offset)) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_CANTSEEK
}

@c
private func openSocket(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context = unsafe context, let address = unsafe address else { return -1 }
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.open(address)
}
