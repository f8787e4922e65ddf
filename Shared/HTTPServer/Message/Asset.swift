package import Compression
import Crypto
import WireFormat

/// A file that is served from memory: its octets, its compressed form where that is smaller, and its strong ETag.
@safe package final class Asset: Sendable {
    package let contentType: HeaderValue
    package let entityTag: HeaderValue
    let plain: FixedOctets
    let gzip: FixedOctets?

    /// Copies the octets, and compresses them once where their type is text.
    package init(_ octets: [UInt8], contentType: HeaderValue) throws(CompressionError) {
        self.contentType = contentType
        plain = FixedOctets(octets)
        var smaller: FixedOctets?
        if ContentCoding.isText(contentType.text), octets.count >= 256 {
            let member = try Gzip.compress(octets, level: 9)
            if member.count < octets.count { smaller = FixedOctets(member) }
        }
        gzip = smaller
        entityTag = HeaderValue(withoutControls: "\"\(Hex.encode(Array(Digest.sha256(octets).prefix(12))))\"")
    }

    /// The asset for that request: 304 where the client has it, compressed where it accepts that.
    package func response(to request: Request) -> Response {
        let isPacked = gzip != nil && ContentCoding.acceptsGzip(request.headers)
        let suffix = isPacked ? "-gzip\"" : "\""
        let tag = HeaderValue(withoutControls: entityTag.text.dropLast() + suffix)
        let known = request.headers.list("if-none-match").map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
        var response = Response(.ok, contentType: contentType, body: .asset(self))
        if known.contains(tag.text) || known == ["*"] { response = Response(.notModified) }
        response.headers["etag"] = tag
        if gzip != nil { response.headers["vary"] = "Accept-Encoding" }
        if isPacked, response.status == .ok { response.headers["content-encoding"] = "gzip" }
        return response
    }
}

/// Octets at a fixed place, for C to send from.
@safe final class FixedOctets: Sendable {
    // SAFETY: written in init alone, freed with the object.
    private nonisolated(unsafe) let buffer: UnsafeMutableRawBufferPointer

    init(_ octets: [UInt8]) {
        unsafe buffer = .allocate(byteCount: max(1, octets.count), alignment: 16)
        unsafe buffer.copyBytes(from: octets)
        count = octets.count
    }

    deinit { unsafe buffer.deallocate() }

    let count: Int
    @unsafe var base: UnsafeMutableRawPointer? { unsafe buffer.baseAddress }
}
