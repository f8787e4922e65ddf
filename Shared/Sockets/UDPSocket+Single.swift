package import CPlatform

extension UDPSocket {
    /// Sends one datagram from wherever routing says; false when the kernel did not take it. Never blocks, safe from any
    /// thread.
    @discardableResult
    package func send(_ octets: [UInt8], to target: SourceAddress) -> Bool {
        unsafe octets.withUnsafeBufferPointer { bytes in
            var outgoing = unsafe cp_outgoing()
            unsafe outgoing.bytes = bytes.baseAddress
            unsafe outgoing.length = UInt32(bytes.count)
            unsafe outgoing.destination = target.endpoint
            return unsafe withUnsafePointer(to: outgoing) { item in
                unsafe send(UnsafeBufferPointer(start: item, count: 1)) == 1
            }
        }
    }
}

extension SourceAddress {
    /// As the kernel wants it: struct sockaddr_in for IPv4, which a socket of [::] takes too, else sockaddr_in6.
    package var endpoint: cp_endpoint {
        var endpoint = cp_endpoint()
        // SAFETY: the field has room for the larger of the two structs; every offset below lies inside it.
        unsafe withUnsafeMutableBytes(of: &endpoint.bytes) { bytes in
            // Family in host order, everything else in network order.
            unsafe bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            if let ipv4 {
                unsafe bytes.storeBytes(of: 2, as: UInt16.self)  // AF_INET
                unsafe bytes.storeBytes(of: ipv4.bigEndian, toByteOffset: 4, as: UInt32.self)
            } else {
                unsafe bytes.storeBytes(of: 10, as: UInt16.self)  // AF_INET6
                unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
            }
        }
        endpoint.length = ipv4 == nil ? 28 : 16
        return endpoint
    }
}
