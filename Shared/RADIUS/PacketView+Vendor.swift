import WireFormat

/// Vendor-Specific attributes (RFC 2865 §5.26) whose contents follow the recommended format: a type and a length of one
/// octet each. What is not of that form is passed over; it is a vendor's own matter and no fault of the packet.
extension PacketView {
    /// The value of the first attribute of that vendor and type.
    package func firstVendor(_ vendor: UInt32, _ type: UInt8) -> UnsafeRawBufferPointer? {
        guard contains(AttributeType.vendorSpecific) else { return nil }
        var found: UnsafeRawBufferPointer?
        unsafe forEachVendor { candidate, candidateType, value in
            if unsafe found == nil, candidate == vendor, candidateType == type { unsafe found = value }
        }
        return unsafe found
    }

    /// Calls `body` for every vendor's attribute in the order of the packet.
    package func forEachVendor<Failure>(
        _ body: (_ vendor: UInt32, _ type: UInt8, _ value: UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        unsafe try forEach { (type, value) throws(Failure) in
            guard type == AttributeType.vendorSpecific, value.count >= 4 else { return }
            let vendor = unsafe value.bigEndianUInt32(at: 0)
            var offset = 4
            while value.count - offset >= 2 {
                let length = unsafe Int(value[offset + 1])
                guard length >= 2, length <= value.count - offset else { return }
                let contents = unsafe UnsafeRawBufferPointer(rebasing: value[offset + 2..<offset + length])
                unsafe try body(vendor, value[offset], contents)
                offset += length
            }
        }
    }
}
