internal import AWSSigning
internal import HTTPClient

/// An object in the making, for one task: octets in, parts of eight mebibytes out, no more than one of them in memory.
///
/// A small object goes as one request. Finish it, or abort it: an upload that is neither keeps its parts in the store until the
/// bucket's own rules remove them.
package final class ObjectWriter {
    /// Parts of one object at most (S3's limit).
    static let maximumParts = 10_000

    private let storage: ObjectStorage
    private let key: ObjectKey
    private let contentType: String
    private var waiting: [UInt8] = []
    private var tags: [String] = []
    /// The upload that the store keeps parts of; nil while everything fits into one request. Who writes it down can abort it after a
    /// crash.
    package private(set) var upload: String?
    /// Octets so far.
    package private(set) var octets = 0

    init(_ storage: ObjectStorage, _ key: ObjectKey, contentType: String) {
        self.storage = storage
        self.key = key
        self.contentType = contentType
    }

    /// Adds octets, and sends what makes a part. Throws where the store does not take it; the object is not there then.
    package func append(_ octets: [UInt8]) async throws(ObjectStorageError) {
        waiting += octets
        self.octets += octets.count
        let size = storage.configuration.partOctets
        // The last part may have any size, even none of its own: only more than one part is sent ahead of it.
        while waiting.count > size {
            try await send(Array(waiting.prefix(size)))
            waiting.removeFirst(size)
        }
    }

    /// Completes the object: it is there when this returns.
    package func finish() async throws(ObjectStorageError) {
        guard upload != nil else { return try await storage.put(key, waiting, contentType: contentType) }
        try await send(waiting)
        waiting = []
        try await complete()
        upload = nil
    }

    /// Gives the object up and frees what the store keeps of it. Throws where that could not be done.
    package func abort() async throws(ObjectStorageError) {
        waiting = []
        guard let upload else { return }
        try await storage.abort(key, upload: upload)
        self.upload = nil
    }

    private func send(_ part: [UInt8]) async throws(ObjectStorageError) {
        guard tags.count < Self.maximumParts else { throw .tooLarge }
        let upload = try await begun()
        let answer = try await storage.send(
            ObjectStorage.Operation(
                name: "part",
                method: .put,
                path: storage.path(of: key),
                query: [URLItem("partNumber", String(tags.count + 1)), URLItem("uploadId", upload)],
                body: part
            )
        )
        guard let tag = answer.header("etag") else { throw .unexpectedAnswer("part") }
        tags.append(tag)
        storage.took(part.count)
    }

    private func begun() async throws(ObjectStorageError) -> String {
        if let upload { return upload }
        let answer = try await storage.send(
            ObjectStorage.Operation(
                name: "begin",
                method: .post,
                path: storage.path(of: key),
                query: [URLItem("uploads", "")],
                headers: storage.headers(ofObject: contentType),
                body: []
            )
        )
        guard let made = ElementText.first("UploadId", in: answer.body), !made.isEmpty else {
            throw .unexpectedAnswer("begin")
        }
        upload = made
        try storage.requireEncryption(answer)
        return made
    }

    private func complete() async throws(ObjectStorageError) {
        guard let upload else { return }
        let parts = tags.enumerated().map { index, tag in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(ElementText.escaped(tag))</ETag></Part>"
        }
        let list =
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(parts.joined())"
            + "</CompleteMultipartUpload>"
        do throws(ObjectStorageError) {
            _ = try await storage.send(
                ObjectStorage.Operation(
                    name: "complete",
                    method: .post,
                    path: storage.path(of: key),
                    query: [URLItem("uploadId", upload)],
                    headers: [URLItem("content-type", "application/xml")],
                    body: Array(list.utf8)
                )
            )
        } catch .notFound {
            // An attempt before may have done it and its answer been lost: then the object is whole, and the upload gone.
            guard try await storage.facts(key)?.octets == octets else { throw .notFound }
        }
    }
}
