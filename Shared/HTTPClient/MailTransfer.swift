internal import CCurl
internal import Concurrency
internal import Glibc

/// What one thread sends, one message after another, over connections that libcurl keeps between them.
final class MailTransfers {
    /// Two: what one of them is connected to for a server that may be anywhere must serve none that may not.
    private let open: EasyHandle
    private let guarded: EasyHandle
    private let configuration: MailClientConfiguration

    init(_ configuration: MailClientConfiguration) throws(HTTPClientError) {
        open = try EasyHandle()
        guarded = try EasyHandle()
        self.configuration = configuration
    }

    private func attempt(_ ticket: MailTicket, onFresh: Bool) -> (report: MailReport, wasKept: Bool) {
        ticket.request.server.mayBeAnywhere || configuration.reaches == nil
            ? attempt(ticket, onFresh: onFresh, open, isGuarded: false)
            : attempt(ticket, onFresh: onFresh, guarded, isGuarded: true)
    }

    /// Blocks until the message has ended.
    func send(_ ticket: MailTicket) -> MailReport {
        let first = attempt(ticket, onFresh: false)
        // A server may end an idle connection at any time. Nothing was said of the message then: it is said again, once.
        let isStale =
            first.wasKept && !first.report.isTaken && first.report.stage <= .sender
            && (first.report.reply == nil || first.report.reply?.code == 421)
        guard isStale, ticket.abandoned == nil, !ticket.request.deadline.hasPassed else { return first.report }
        return attempt(ticket, onFresh: true).report
    }

    private func attempt(
        _ ticket: MailTicket,
        onFresh: Bool,
        _ easy: borrowing EasyHandle,
        isGuarded: Bool
    ) -> (report: MailReport, wasKept: Bool) {
        let transfer = MailTransfer(ticket, reaches: configuration.reaches)
        do throws(HTTPClientError) {
            guard !ticket.request.deadline.hasPassed else {
                throw HTTPClientError(.timeout, "its deadline passed before it began")
            }
            // Options are forgotten, connections kept.
            unsafe curl_easy_reset(easy.raw)
            let recipients = try RecipientList(ticket.request.recipient)
            try prepare(transfer, recipients, easy, isGuarded: isGuarded)
            try easy.set(CURLOPT_FRESH_CONNECT, onFresh ? 1 : 0)
            let code = unsafe curl_easy_perform(easy.raw)
            let wasKept = unsafe ccurl_new_connections(easy.raw) == 0
            // Options that hold pointers into what ends with this call.
            unsafe curl_easy_reset(easy.raw)
            return (transfer.report(code), wasKept)
        } catch {
            return (MailReport(.connecting, reply: nil, failure: ticket.abandoned ?? error), false)
        }
    }

    private func prepare(
        _ transfer: MailTransfer,
        _ recipients: borrowing RecipientList,
        _ easy: borrowing EasyHandle,
        isGuarded: Bool
    ) throws(HTTPClientError) {
        let request = transfer.ticket.request
        let server = request.server
        try easy.set(CURLOPT_NOSIGNAL, 1)
        try easy.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        try easy.set(CURLOPT_PROXY, "")
        let host = server.host.contains(":") ? "[\(server.host)]" : server.host
        let scheme = server.security == .tls ? "smtps" : "smtp"
        try easy.set(CURLOPT_URL, "\(scheme)://\(host):\(server.port)/\(server.helo)")
        let demand = server.security == .none ? CURLUSESSL_NONE : CURLUSESSL_ALL
        try easy.set(CURLOPT_USE_SSL, Int(demand.rawValue))
        try easy.set(CURLOPT_SSL_VERIFYPEER, 1)
        try easy.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = configuration.authorities { try easy.set(CURLOPT_CAINFO, file) }
        if let username = server.username, let password = server.password {
            try easy.set(CURLOPT_USERNAME, username)
            try easy.set(CURLOPT_PASSWORD, password)
        }
        try easy.set(CURLOPT_MAIL_FROM, "<\(request.sender)>")
        try EasyHandle.check(unsafe ccurl_set_recipients(easy.raw, recipients.raw))
        try easy.set(CURLOPT_UPLOAD, 1)
        try easy.set(CURLOPT_INFILESIZE_LARGE, offset: request.octets.count)
        let left = max(1, Int(request.deadline.remaining.wholeMilliseconds))
        try easy.set(CURLOPT_TIMEOUT_MS, left)
        try easy.set(CURLOPT_CONNECTTIMEOUT_MS, min(left, Int(configuration.connectLimit.wholeMilliseconds)))
        try easy.set(CURLOPT_MAXAGE_CONN, max(1, Int(configuration.idleLimit.wholeMilliseconds / 1_000)))
        try easy.set(CURLOPT_UPLOAD_BUFFERSIZE, 64 << 10)
        // What is said and heard is shown to the debug function alone, which makes words of it for nobody.
        try easy.set(CURLOPT_VERBOSE, 1)
        try easy.set(CURLOPT_NOPROGRESS, 0)
        try EasyHandle.check(
            unsafe ccurl_set_mail_callbacks(
                easy.raw,
                Unmanaged.passUnretained(transfer).toOpaque(),
                giveMail,
                ignoreAnswer,
                noteLine,
                tickMail
            )
        )
        guard isGuarded else { return }
        try EasyHandle.check(
            unsafe ccurl_set_opener(easy.raw, Unmanaged.passUnretained(transfer).toOpaque(), openMailSocket)
        )
    }
}

/// One attempt to send a message, on its lane's thread alone.
/// SAFETY: libcurl is given its address without a reference; the attempt keeps it until libcurl has returned and forgotten it.
@safe final class MailTransfer {
    let ticket: MailTicket
    private let reaches: (@Sendable (ClientAddress) -> Bool)?
    private var dialogue: MailDialogue
    private var given = 0
    /// None of the server's addresses may be connected to.
    private var isForbidden = false
    private var leavingSince: Deadline?

    init(_ ticket: MailTicket, reaches: (@Sendable (ClientAddress) -> Bool)?) {
        self.ticket = ticket
        self.reaches = reaches
        dialogue = MailDialogue(ticket.request.octets)
    }

    /// A socket for that address; an invalid one where nobody may connect to it: libcurl tries the host's next.
    fileprivate func open(_ address: UnsafePointer<curl_sockaddr>) -> Int32 {
        let opened = unsafe GuardedSocket.open(address, where: reaches)
        isForbidden = opened == nil
        return opened ?? -1
    }

    fileprivate func give(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let octets = ticket.request.octets
        let count = min(buffer.count, octets.count - given)
        guard count > 0 else { return 0 }
        unsafe octets.withUnsafeBytes { bytes in
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[given..<given + count]))
        }
        given += count
        return count
    }

    /// Whether the connection may be used again: not while an answer is outstanding. libcurl keeps a connection whose last answer it
    /// gave up waiting for, and would take that answer for the next message's.
    fileprivate var mayBeKept: Bool { dialogue.stage < .data || dialogue.reply != nil }

    fileprivate func note(_ kind: curl_infotype, _ octets: UnsafeRawBufferPointer) {
        switch kind {
        case CURLINFO_HEADER_OUT:
            unsafe dialogue.said(String(decoding: octets, as: UTF8.self))
            // A server is not waited for that does not even say good-bye.
            leavingSince = dialogue.isLeaving ? .after(.seconds(2)) : nil
        case CURLINFO_HEADER_IN: unsafe dialogue.heard(String(decoding: octets, as: UTF8.self))
        case CURLINFO_DATA_OUT: dialogue.carried(octets.count)
        default: break
        }
    }

    fileprivate var isToStop: Bool {
        ticket.abandoned != nil || ticket.request.deadline.hasPassed || leavingSince?.hasPassed ?? false
    }

    func report(_ code: CURLcode) -> MailReport {
        guard code != CURLE_OK else { return MailReport(dialogue.stage, reply: dialogue.reply, failure: nil) }
        // No way to log in that both sides know is a login that failed, too.
        let stage = code == CURLE_LOGIN_DENIED ? .login : dialogue.stage
        let words = EasyHandle.words(code)
        if isForbidden {
            let failure = HTTPClientError(.forbidden, "the server's address is not one to connect to")
            return MailReport(.connecting, reply: nil, failure: failure)
        }
        guard code != CURLE_ABORTED_BY_CALLBACK else {
            let failure = ticket.abandoned ?? HTTPClientError(.timeout, "the deadline passed")
            return MailReport(stage, reply: dialogue.reply, failure: failure)
        }
        return MailReport(stage, reply: dialogue.reply, failure: HTTPClientError(HTTPClientError.Code(code), words))
    }
}

/// The one mailbox that a message goes to, as libcurl reads it.
/// SAFETY: the list is owned here and freed once; it is kept as long as the attempt that uses it.
@safe struct RecipientList: ~Copyable {
    let raw: UnsafeMutablePointer<curl_slist>

    init(_ address: String) throws(HTTPClientError) {
        guard let raw = unsafe curl_slist_append(nil, "<\(address)>") else {
            throw HTTPClientError(.busy, "no memory for a mail's envelope")
        }
        unsafe self.raw = raw
    }

    deinit { unsafe curl_slist_free_all(raw) }
}

/// SAFETY: libcurl calls these on the lane's thread within `curl_easy_perform`, with the transfer that the attempt keeps.
@c
private func giveMail(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return Int(CURL_READFUNC_ABORT) }
    let transfer = unsafe Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.give(into: UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
}

@c
private func ignoreAnswer(
    _ octets: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int { size * count }

@c
private func noteLine(
    _ handle: UnsafeMutableRawPointer?,
    _ kind: curl_infotype,
    _ octets: UnsafeMutablePointer<CChar>?,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context = unsafe context else { return 0 }
    let transfer = unsafe Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
    unsafe transfer.note(kind, UnsafeRawBufferPointer(start: octets, count: count))
    // libcurl looks at the option when the transfer has ended.
    unsafe _ = ccurl_set_number(handle, CURLOPT_FORBID_REUSE, transfer.mayBeKept ? 0 : 1)
    return 0
}

@c
private func openMailSocket(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context = unsafe context, let address = unsafe address else { return -1 }
    let transfer = unsafe Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.open(address)
}

@c
private func tickMail(
    _ context: UnsafeMutableRawPointer?,
    _ downTotal: curl_off_t,
    _ down: curl_off_t,
    _ upTotal: curl_off_t,
    _ up: curl_off_t
) -> Int32 {
    guard let context = unsafe context else { return 1 }
    let transfer = unsafe Unmanaged<MailTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.isToStop ? 1 : 0
}
