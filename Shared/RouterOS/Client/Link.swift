import Concurrency
import TLS

/// One transport: a socket, perhaps with TLS on it. Confined to the client's thread.
final class Link {
    /// What is to be told of it.
    enum Event {
        /// Commands may be sent.
        case opened
        case received([UInt8])
        case ended(RouterOSError)
    }

    private enum Phase {
        case connecting
        /// TLS is not agreed on yet.
        case agreeing
        case open
        case ended
    }

    let socket: StreamSocket
    private var phase = Phase.connecting
    private let tls: TLSSession?
    private var outgoing: [UInt8] = []
    private static let readsInARow = 8

    init(_ address: SocketAddress, _ tls: TLSSession?) throws(SystemError) {
        socket = try StreamSocket(connectingTo: address)
        self.tls = tls
    }

    var interest: Epoll.Interest {
        switch phase {
        case .connecting: .writable
        case .agreeing, .open: outgoing.isEmpty ? .readable : [.readable, .writable]
        case .ended: []
        }
    }

    /// Says something; what the kernel does not take now goes later.
    func send(_ octets: [UInt8]) -> [Event] {
        do throws(TLSError) {
            guard let tls else {
                outgoing += octets
                return flush()
            }
            try tls.send(octets)
            return flush()
        } catch {
            return fail(error)
        }
    }

    /// The socket is ready for something. `buffer` is scratch.
    func ready(_ event: Epoll.Event, _ buffer: inout [UInt8]) -> [Event] {
        if case .connecting = phase { return event.isWritable || event.isBroken ? connected() : [] }
        var events = event.isWritable ? flush() : []
        guard event.isReadable || event.isBroken else { return events }
        for _ in 0..<Self.readsInARow {
            if case .ended = phase { return events }
            switch socket.receive(into: &buffer) {
            case .nothing: return events
            case .ended: return events + end(RouterOSError(.connectionLost, "the router closed the connection"))
            case .failed(let error): return events + end(RouterOSError(.connectionLost, error.description))
            case .octets(let count): events += take(buffer[..<count])
            }
        }
        return events
    }

    // MARK: - Private

    private func connected() -> [Event] {
        if let error = socket.connectionError { return end(RouterOSError(.unreachable, error.description)) }
        guard let tls else {
            phase = .open
            return [.opened]
        }
        phase = .agreeing
        do throws(TLSError) {
            try tls.begin()
            return flush()
        } catch {
            return fail(error)
        }
    }

    private func take(_ octets: ArraySlice<UInt8>) -> [Event] {
        guard let tls else { return [.received(Array(octets))] }
        do throws(TLSError) {
            let said = try tls.receive(octets)
            var events: [Event] = []
            if tls.isEstablished, case .agreeing = phase {
                phase = .open
                events.append(.opened)
            }
            if !said.isEmpty { events.append(.received(said)) }
            events += flush()
            if tls.isEnded { events += end(RouterOSError(.connectionLost, "the router closed the connection")) }
            return events
        } catch {
            return fail(error)
        }
    }

    /// The peer is told why, where TLS has a word for it.
    private func fail(_ error: TLSError) -> [Event] {
        _ = flush()
        if case .open = phase { return end(RouterOSError(.connectionLost, error.description)) }
        return end(RouterOSError(.tls, error.description))
    }

    private func flush() -> [Event] {
        if let tls { outgoing += tls.takeOutgoing() }
        var sent = 0
        defer { outgoing.removeFirst(sent) }
        do throws(SystemError) {
            while sent < outgoing.count {
                let count = try socket.send(outgoing[sent...])
                if count == 0 { return [] }
                sent += count
            }
            return []
        } catch {
            return end(RouterOSError(.connectionLost, error.description))
        }
    }

    private func end(_ error: RouterOSError) -> [Event] {
        if case .ended = phase { return [] }
        phase = .ended
        return [.ended(error)]
    }
}
