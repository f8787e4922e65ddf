import Glibc

/// A certificate chain and its private key, both PEM.
package struct TLSMaterial: Sendable {
    private static let maximumOctets = 1 << 20

    let certificate: String
    let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// Reads both files. Throws where one cannot be read, or where others than the owner and its group may read the
    /// key.
    package init(certificateFile: String, keyFile: String) throws(HTTPServerError) {
        certificate = try Self.read(certificateFile, isSecret: false)
        key = try Self.read(keyFile, isSecret: true)
    }

    private static func read(_ path: String, isSecret: Bool) throws(HTTPServerError) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
        guard !isSecret || status.st_mode & 0o007 == 0 else {
            throw HTTPServerError(.start, "\(path) may be read by everyone")
        }
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, errno) }
            guard count > 0 else { return String(decoding: contents, as: UTF8.self) }
            contents += buffer[..<count]
            guard contents.count <= maximumOctets else { throw failure(path, EFBIG) }
        }
    }

    private static func failure(_ path: String, _ number: Int32) -> HTTPServerError {
        HTTPServerError(.start, "\(path): \(unsafe String(cString: strerror(number)))")
    }
}
