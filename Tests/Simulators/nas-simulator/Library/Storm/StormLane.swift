import CPlatform
import Concurrency
import Sockets

/// One socket of a NAS to one port of one server: 256 requests under way at most.
final class StormLane {
    /// What a request is about.
    enum Subject {
        case login(device: Int, asked: Int64)
        case start(session: Int)
        case interim(session: Int)
        case stop(session: Int)
        case boot(nas: Int)
    }

    struct Request {
        var subject: Subject
        var octets: [UInt8]
        /// Its number among all requests: a timer finds out that it is another's turn.
        var serial: UInt64
        /// The NAS waits no more; the answer is only overheard.
        var isGivenUp = false
        /// The answer gets lost on its way.
        var losesAnswer = false
        var attempts = 1
    }

    let nas: Int
    let server: Int
    let socket: UDPSocket
    private let target: StormOptions.Server
    private let port: UInt16
    private var free: [UInt8] = Array(0...255)
    private var begin = 0
    private var count = 256
    var requests = [Request?](repeating: nil, count: 256)

    init(nas: StormWorld.NAS, server: Int, _ target: StormOptions.Server, port: UInt16) throws(SocketError) {
        self.nas = nas.number
        self.server = server
        self.target = target
        self.port = port
        socket = try UDPSocket(address: nas.addressText, port: 0, receiveBuffer: 1 << 20)
    }

    /// The identifier that was free for the longest time.
    func takeIdentifier() -> UInt8? {
        guard count > 0 else { return nil }
        defer {
            begin = (begin + 1) & 255
            count -= 1
        }
        return free[begin]
    }

    func release(_ identifier: UInt8) {
        guard requests[Int(identifier)] != nil else { return }
        requests[Int(identifier)] = nil
        giveBack(identifier)
    }

    func giveBack(_ identifier: UInt8) {
        free[(begin + count) & 255] = identifier
        count += 1
    }

    /// A datagram that the kernel does not take is lost on the way, as datagrams are.
    func send(_ octets: [UInt8]) {
        unsafe octets.withUnsafeBufferPointer { bytes in
            var outgoing = unsafe cp_outgoing()
            unsafe outgoing.bytes = bytes.baseAddress
            unsafe outgoing.length = UInt32(bytes.count)
            unsafe withUnsafeMutableBytes(of: &outgoing.destination.bytes) { endpoint in
                // struct sockaddr_in: family in host order, port and address in network order.
                unsafe endpoint.storeBytes(of: 2, as: UInt16.self)
                unsafe endpoint.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
                unsafe endpoint.storeBytes(of: target.address.bigEndian, toByteOffset: 4, as: UInt32.self)
            }
            unsafe outgoing.destination.length = 16
            unsafe withUnsafePointer(to: outgoing) { item in
                _ = unsafe socket.send(UnsafeBufferPointer(start: item, count: 1))
            }
        }
    }
}

/// What is to be done later, earliest first: a binary heap.
struct StormTimers {
    enum Entry {
        /// A request should have been answered by now.
        case look(lane: Int32, identifier: UInt8, serial: UInt64)
        case stop(session: Int32)
        case boot(nas: Int32)
        case back(nas: Int32)
        case ask(device: Int32)
    }

    private var heap: [(at: UInt64, entry: Entry)] = []

    mutating func add(at: UInt64, _ entry: Entry) {
        heap.append((at, entry))
        var child = heap.count - 1
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func take(now: UInt64) -> Entry? {
        guard let first = heap.first, first.at <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < heap.count && heap[child].at < heap[least].at {
                least = child
            }
            if least == parent { return first.entry }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
