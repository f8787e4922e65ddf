import Concurrency
import TLS

/// The client's thread: opens, reads, writes and closes what the engines say. Made on that thread and confined to it.
final class ClientLoop {
    private let client: RouterOSClient
    private let resolver: NameResolver
    private let epoll: Epoll
    private var links: [LinkID: Link] = [:]
    private var ids: [UInt64: LinkID] = [:]
    /// Whose name is being looked up.
    private var resolving: Set<LinkID> = []
    private var contexts: [TLSTrust: TLSContext] = [:]
    private var attempts: [UInt32: Int] = [:]
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    private static let wakeupToken = UInt64.max
    /// Contexts are few; where configurations come and go, the old ones are not kept for ever.
    private static let mostContexts = 256

    init(_ client: RouterOSClient, _ resolver: NameResolver) throws(SystemError) {
        self.client = client
        self.resolver = resolver
        epoll = try Epoll()
        try epoll.add(client.wakeup.fileDescriptor, .readable, token: Self.wakeupToken)
    }

    /// Returns once the client was stopped.
    func run() throws(SystemError) {
        while true {
            let batch = client.takeOrders()
            for order in batch.orders { carryOut(order) }
            if batch.isStopping { return }
            var ready: [Epoll.Event] = []
            do {
                try epoll.wait(until: Deadline(nanoseconds: batch.wakeAt)) { ready.append($0) }
            } catch let error as SystemError {
                throw error
            } catch {
                return assertionFailure("epoll throws nothing else")
            }
            for event in ready {
                guard event.token != Self.wakeupToken else {
                    client.wakeup.drain()
                    continue
                }
                guard let id = ids[event.token], let link = links[id] else { continue }
                tell(id, link, link.ready(event, &buffer))
            }
            client.tick()
        }
    }

    private func carryOut(_ order: RouterOSClient.Order) {
        switch order {
        case .open(let id, let configuration):
            let numeric = SocketAddress.all(host: configuration.host, port: configuration.port, numericOnly: true)
            guard numeric.isEmpty else { return connect(id, configuration, numeric) }
            resolving.insert(id)
            resolver.resolve(configuration.host, port: configuration.port) { [client] addresses in
                client.resolved(id, configuration, addresses)
            }
        case .connect(let id, let configuration, let addresses):
            guard resolving.remove(id) != nil else { return }
            connect(id, configuration, addresses)
        case .send(let id, let octets):
            guard let link = links[id] else { return }
            tell(id, link, link.send(octets))
        case .close(let id):
            resolving.remove(id)
            drop(id)
        }
    }

    /// Each attempt at a router takes the next of its addresses.
    private func connect(_ id: LinkID, _ configuration: RouterConfiguration, _ found: [SocketAddress]) {
        let addresses = configuration.reachesLocal ? found : found.filter { !$0.isLocal }
        guard !addresses.isEmpty else {
            let why = found.isEmpty ? "the host's name has no address" : "the host is this machine, or on its link"
            return client.tell(id, .ended(RouterOSError(.unreachable, why)))
        }
        let attempt = attempts[id.router, default: 0]
        attempts[id.router] = attempt &+ 1
        do {
            let link = try Link(addresses[attempt % addresses.count], try session(configuration))
            try epoll.add(link.socket.descriptor, link.interest, token: id.token)
            links[id] = link
            ids[id.token] = id
        } catch let error as TLSError {
            client.tell(id, .ended(RouterOSError(.tls, error.description)))
        } catch {
            client.tell(id, .ended(RouterOSError(.unreachable, "\(error)")))
        }
    }

    private func session(_ configuration: RouterConfiguration) throws(TLSError) -> TLSSession? {
        guard case .tls(let trust) = configuration.security else { return nil }
        if let context = contexts[trust] { return try TLSSession(context, host: configuration.host) }
        let context = try TLSContext(trusting: trust)
        if contexts.count >= Self.mostContexts { contexts = [:] }
        contexts[trust] = context
        return try TLSSession(context, host: configuration.host)
    }

    private func tell(_ id: LinkID, _ link: Link, _ events: [Link.Event]) {
        for event in events {
            if case .ended = event { drop(id) }
            client.tell(id, event)
        }
        guard links[id] === link else { return }
        try? epoll.modify(link.socket.descriptor, link.interest, token: id.token)
    }

    private func drop(_ id: LinkID) {
        guard let link = links.removeValue(forKey: id) else { return }
        ids[id.token] = nil
        try? epoll.remove(link.socket.descriptor)
    }
}
