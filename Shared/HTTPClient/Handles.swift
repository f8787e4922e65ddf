internal import CCurl
internal import Glibc

/// libcurl itself, prepared once for the process.
enum Curl {
    /// Throws nowhere: without it every handle is nil.
    static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

/// All transfers of one client. Used by its thread alone, but for `wake()`, which libcurl allows from any.
/// SAFETY: the handle is owned here and freed once, in deinit, after the last transfer let go of it.
@safe final class MultiHandle: Sendable {
    nonisolated(unsafe) let raw: UnsafeMutableRawPointer

    init(_ configuration: HTTPClientConfiguration) throws(HTTPClientError) {
        guard Curl.isReady, let raw = unsafe curl_multi_init() else {
            throw HTTPClientError(.closed, "libcurl could not be prepared")
        }
        unsafe self.raw = raw
        unsafe ccurl_multi_set_number(raw, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.connectionsPerHost)
        unsafe ccurl_multi_set_number(raw, CURLMOPT_MAXCONNECTS, configuration.connectionsPerHost)
    }

    deinit { unsafe curl_multi_cleanup(raw) }

    /// Ends the wait of the client's thread, the one under way or the next.
    func wake() { unsafe curl_multi_wakeup(raw) }
}

/// One transfer's settings and state.
/// SAFETY: the handle is owned here and freed once; nobody keeps it beyond its owner's life.
@safe struct EasyHandle: ~Copyable {
    let raw: UnsafeMutableRawPointer

    init() throws(HTTPClientError) {
        guard Curl.isReady, let raw = unsafe curl_easy_init() else {
            throw HTTPClientError(.busy, "libcurl has no room for a transfer")
        }
        unsafe self.raw = raw
    }

    deinit { unsafe curl_easy_cleanup(raw) }

    borrowing func set(_ option: CURLoption, _ value: Int) throws(HTTPClientError) {
        try Self.check(unsafe ccurl_set_number(raw, option, value))
    }

    borrowing func set(_ option: CURLoption, offset: Int) throws(HTTPClientError) {
        try Self.check(unsafe ccurl_set_offset(raw, option, curl_off_t(offset)))
    }

    borrowing func set(_ option: CURLoption, _ text: String) throws(HTTPClientError) {
        try Self.check(unsafe ccurl_set_text(raw, option, text))
    }

    static func check(_ code: CURLcode) throws(HTTPClientError) {
        guard code != CURLE_OK else { return }
        throw HTTPClientError(.invalidRequest, words(code))
    }

    /// What libcurl calls a failure: constant text, without anything of the request.
    static func words(_ code: CURLcode) -> String {
        guard let text = unsafe curl_easy_strerror(code) else { return "libcurl \(code.rawValue)" }
        return unsafe String(cString: text)
    }
}

/// The fields of a request as libcurl reads them.
/// SAFETY: the list is owned here and freed once; it is kept as long as the transfer that uses it.
@safe struct HeaderList: ~Copyable {
    private(set) var raw: UnsafeMutablePointer<curl_slist>?

    init(_ headers: [ClientHeader]) throws(HTTPClientError) {
        unsafe raw = nil
        for header in headers {
            // With a colon and nothing behind it libcurl would leave the field out.
            let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
            try append(line)
        }
        // No wait for a 100: who refuses a body says so, and libcurl stops.
        try append("Expect:")
    }

    private mutating func append(_ line: String) throws(HTTPClientError) {
        guard let longer = unsafe curl_slist_append(raw, line) else {
            throw HTTPClientError(.busy, "no memory for a request's fields")
        }
        unsafe raw = longer
    }

    deinit { unsafe curl_slist_free_all(raw) }
}
