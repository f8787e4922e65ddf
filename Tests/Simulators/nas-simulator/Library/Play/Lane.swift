import CPlatform
import Concurrency
import Sockets

/// One socket of a NAS: to one port of the server with up to 256 requests under way, or to listen for CoA.
final class Lane {
    enum Purpose {
        case access
        case accounting
        case control
    }

    /// What an identifier stood for, so that a late answer is recognised.
    struct Past {
        let request: [UInt8]
        let answer: [UInt8]?
    }

    let nas: Int
    let purpose: Purpose
    let socket: UDPSocket
    private let server: SourceKey
    private var free: [UInt8] = (0...255).reversed()
    /// By identifier: the dispatch under way and its packet.
    private(set) var waiting = [(dispatch: Int, request: [UInt8])?](repeating: nil, count: 256)
    private(set) var past = [[Past]](repeating: [], count: 256)

    /// Binds the NAS's own address; throws where that or the port cannot be had.
    init(nas: SimNAS, purpose: Purpose, port: UInt16, server: SourceKey) throws(SocketError) {
        self.nas = nas.number
        self.purpose = purpose
        self.server = server
        socket = try UDPSocket(address: nas.addressText, port: port, receiveBuffer: 1 << 20)
    }

    var hasRoom: Bool { !free.isEmpty }

    /// An identifier that was not used for as long as possible.
    func takeIdentifier() -> UInt8? { free.isEmpty ? nil : free.removeLast() }

    func expect(_ identifier: UInt8, dispatch: Int, request: [UInt8]) {
        waiting[Int(identifier)] = (dispatch, request)
    }

    /// Frees an identifier; its packet is remembered for a while, with the answer it got.
    func release(_ identifier: UInt8, answer: [UInt8]?) {
        guard let (_, request) = waiting[Int(identifier)] else { return }
        waiting[Int(identifier)] = nil
        past[Int(identifier)].append(Past(request: request, answer: answer))
        if past[Int(identifier)].count > 4 { past[Int(identifier)].removeFirst() }
        free.insert(identifier, at: 0)
    }

    func send(_ octets: [UInt8]) { send(octets, to: server) }

    /// A datagram that the kernel does not take is lost on the way, as datagrams are.
    func send(_ octets: [UInt8], to target: SourceKey) {
        unsafe octets.withUnsafeBufferPointer { bytes in
            var outgoing = unsafe cp_outgoing()
            unsafe outgoing.bytes = bytes.baseAddress
            unsafe outgoing.length = UInt32(bytes.count)
            unsafe withUnsafeMutableBytes(of: &outgoing.destination.bytes) { endpoint in
                // struct sockaddr_in: family in host order, port and address in network order.
                unsafe endpoint.storeBytes(of: 2, as: UInt16.self)
                unsafe endpoint.storeBytes(of: target.port.bigEndian, toByteOffset: 2, as: UInt16.self)
                unsafe endpoint.storeBytes(of: target.address.bigEndian, toByteOffset: 4, as: UInt32.self)
            }
            unsafe outgoing.destination.length = 16
            unsafe withUnsafePointer(to: outgoing) { item in
                _ = unsafe socket.send(UnsafeBufferPointer(start: item, count: 1))
            }
        }
    }
}
