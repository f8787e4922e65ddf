internal import CNATS
internal import Synchronization

/// Where a connection stands.
package enum NATSState: Sendable, Equatable {
    /// Not connected yet, or again: attempts go on for ever.
    case disconnected
    case connected
    /// Closed by its owner: final.
    case closed
}

/// What libnats' threads tell about a connection. The callbacks only flip this state and call observers.
final class ConnectionState: Sendable {
    private struct Contents {
        var state = NATSState.disconnected
        var observers: [@Sendable (NATSState) -> Void] = []
    }

    private let contents = Mutex(Contents())
    private let connectedFlag = Atomic(false)
    private let connectCount = Atomic<UInt64>(0)

    var current: NATSState { contents.withLock { $0.state } }

    /// One atomic load, for the publishing path.
    var isConnected: Bool { connectedFlag.load(ordering: .acquiring) }

    /// How often a connection was made: a change means that what was in flight before may be lost.
    var connections: UInt64 { connectCount.load(ordering: .acquiring) }

    func set(_ state: NATSState) {
        let observers = contents.withLock { contents -> [@Sendable (NATSState) -> Void] in
            guard contents.state != state, contents.state != .closed else { return [] }
            contents.state = state
            if state == .connected { connectCount.add(1, ordering: .acquiringAndReleasing) }
            connectedFlag.store(state == .connected, ordering: .releasing)
            return contents.observers
        }
        for observer in observers { observer(state) }
    }

    func observe(_ observer: @escaping @Sendable (NATSState) -> Void) {
        let now = contents.withLock { contents in
            contents.observers.append(observer)
            return contents.state
        }
        observer(now)
    }
}

private func state(_ closure: UnsafeMutableRawPointer?) -> ConnectionState? {
    unsafe closure.map { unsafe Unmanaged<ConnectionState>.fromOpaque($0).takeUnretainedValue() }
}

@c func natsDidConnect(_ connection: OpaquePointer?, _ closure: UnsafeMutableRawPointer?) {
    unsafe state(closure)?.set(.connected)
}

@c func natsDidDisconnect(_ connection: OpaquePointer?, _ closure: UnsafeMutableRawPointer?) {
    unsafe state(closure)?.set(.disconnected)
}

/// The last callback of a connection: gives back the reference that the callbacks held.
@c func natsDidClose(_ connection: OpaquePointer?, _ closure: UnsafeMutableRawPointer?) {
    guard let closure = unsafe closure else { return }
    unsafe Unmanaged<ConnectionState>.fromOpaque(closure).takeRetainedValue().set(.closed)
}

/// libnats would write asynchronous errors on standard error itself without a handler.
@c func natsDidFail(
    _ connection: OpaquePointer?,
    _ subscription: OpaquePointer?,
    _ status: natsStatus,
    _ closure: UnsafeMutableRawPointer?
) {}
