internal import CNATS

/// The subscription that receives publish acknowledgements, on a thread of libnats. The thread keeps the core alive
/// until it has run for the last time.
/// SAFETY: libnats locks subscriptions; this object alone owns the pointer and gives it away once, in deinit.
@safe final class AckSubscription: @unchecked Sendable {
    private let raw: OpaquePointer
    private let connection: ConnectionHandle

    init(_ connection: ConnectionHandle, subject: String, core: PublisherCore) throws(NATSError) {
        let closure = unsafe Unmanaged.passRetained(core).toOpaque()
        var subscription: OpaquePointer?
        let status = unsafe natsConnection_Subscribe(
            &subscription,
            connection.raw,
            subject,
            natsDidAcknowledge,
            closure
        )
        guard status == NATS_OK, let subscription = unsafe subscription else {
            unsafe Unmanaged<PublisherCore>.fromOpaque(closure).release()
            throw NATSError(status: status, doing: "subscribe to acknowledgements")
        }
        unsafe raw = subscription
        self.connection = connection
        unsafe natsSubscription_SetOnCompleteCB(subscription, natsDidCompleteAcknowledging, closure)
        // Bounded by what is outstanding; libnats' own limit would drop acknowledgements.
        unsafe natsSubscription_SetPendingLimits(subscription, -1, -1)
    }

    deinit { unsafe connection.retire(raw) }
}

@c func natsDidAcknowledge(
    _ connection: OpaquePointer?,
    _ subscription: OpaquePointer?,
    _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    guard let message = unsafe message, let closure = unsafe closure else { return }
    let owned = unsafe RawMessage(raw: message)
    unsafe Unmanaged<PublisherCore>.fromOpaque(closure).takeUnretainedValue().settle(owned)
}

@c func natsDidCompleteAcknowledging(_ closure: UnsafeMutableRawPointer?) {
    guard let closure = unsafe closure else { return }
    unsafe Unmanaged<PublisherCore>.fromOpaque(closure).release()
}
