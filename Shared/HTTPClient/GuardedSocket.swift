internal import CCurl
internal import Glibc

/// The socket of a transfer that may not connect to just any address.
enum GuardedSocket {
    /// A socket for that address, -1 where the system has none; nil where nobody may connect to it.
    static func open(
        _ address: UnsafePointer<curl_sockaddr>,
        where reaches: (@Sendable (ClientAddress) -> Bool)?
    ) -> Int32? {
        guard let peer = unsafe peer(address), reaches?(peer) == true else { return nil }
        let kind = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        return unsafe socket(address.pointee.family, kind, address.pointee.protocol)
    }

    private static func peer(_ address: UnsafePointer<curl_sockaddr>) -> ClientAddress? {
        // SAFETY: libcurl gives as many octets as it says; they are copied.
        guard let start = unsafe ccurl_peer(address) else { return nil }
        let octets = unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(address.pointee.addrlen)))
        // The address lies behind family and port, of IPv6 behind the flow too.
        switch unsafe address.pointee.family {
        case AF_INET where octets.count >= 8: return ClientAddress(octets: Array(octets[4..<8]))
        case AF_INET6 where octets.count >= 24: return ClientAddress(octets: Array(octets[8..<24]))
        default: return nil
        }
    }
}
