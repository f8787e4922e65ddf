import CMicrohttpd

/// A response as libmicrohttpd wants it, made where the handler ran.
@safe final class PreparedResponse: Sendable {
    // SAFETY: libmicrohttpd counts its users; this object is one of them until it ends.
    nonisolated(unsafe) private let raw: OpaquePointer
    let status: HTTPStatus
    /// The pipe of a streamed body.
    let pipe: ResponsePipe?

    private init?(_ raw: OpaquePointer?, status: HTTPStatus, pipe: ResponsePipe? = nil) {
        guard let raw = unsafe raw else { return nil }
        unsafe self.raw = raw
        self.status = status
        self.pipe = pipe
    }

    deinit { unsafe MHD_destroy_response(raw) }

    /// Octets, or nothing.
    convenience init?(_ octets: [UInt8], status: HTTPStatus) {
        let raw = unsafe octets.withUnsafeBytes { bytes in
            unsafe MHD_create_response_from_buffer(
                bytes.count,
                UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                .RESPMEM_MUST_COPY
            )
        }
        unsafe self.init(raw, status: status)
    }

    convenience init?(_ asset: FixedOctets, status: HTTPStatus) {
        let owner = unsafe Unmanaged.passRetained(asset).toOpaque()
        let raw = unsafe MHD_create_response_from_buffer_with_free_callback_cls(
            asset.count,
            asset.base,
            releaseOctets,
            owner
        )
        if unsafe raw == nil { unsafe releaseOctets(owner) }
        unsafe self.init(raw, status: status)
    }

    /// What comes out of a pipe, in chunks.
    convenience init?(_ pipe: ResponsePipe, status: HTTPStatus, isHead: Bool) {
        let owner = unsafe Unmanaged.passRetained(pipe).toOpaque()
        let raw = unsafe MHD_create_response_from_callback(
            UInt64.max,
            16_384,
            readPipe,
            owner,
            releasePipe
        )
        if unsafe raw == nil { unsafe releasePipe(owner) }
        // libmicrohttpd would send the last chunk of an empty body behind the head.
        if isHead, let raw = unsafe raw { unsafe cmhd_end_by_closing(raw) }
        unsafe self.init(raw, status: status, pipe: pipe)
    }

    /// The answer to a WebSocket's handshake. The upgrade handler finds the exchange by itself.
    init?(accepting upgrade: MHD_UpgradeHandler) {
        guard let made = unsafe MHD_create_response_for_upgrade(upgrade, nil) else { return nil }
        unsafe raw = made
        status = 101
        pipe = nil
    }

    func add(_ name: String, _ value: String) { unsafe MHD_add_response_header(raw, name, value) }

    func add(_ headers: ResponseHeaders) {
        for field in headers.fields { add(field.name.text, field.value.text) }
    }

    /// Hands the response to its connection. On libmicrohttpd's thread.
    @unsafe func queue(on connection: OpaquePointer) -> Bool {
        unsafe pipe?.attach(connection)
        return unsafe MHD_queue_response(connection, UInt32(status.code), raw) == .YES
    }
}

@c
private func releaseOctets(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<FixedOctets>.fromOpaque(context).release()
}

@c
private func releasePipe(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<ResponsePipe>.fromOpaque(context).release()
}

@c
private func readPipe(
    _ context: UnsafeMutableRawPointer?,
    _ position: UInt64,
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int {
    guard let context = unsafe context, let buffer = unsafe buffer else { return -2 }
    let pipe = unsafe Unmanaged<ResponsePipe>.fromOpaque(context).takeUnretainedValue()
    return unsafe pipe.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
}
