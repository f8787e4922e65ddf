internal import Concurrency

/// Sets up and inspects streams and consumers. Every call waits for the server on a thread made for that and throws
/// `NATSError`: `.disconnected` at once while there is no connection.
package final class JetStreamAdmin: Sendable {
    private let api: JetStreamAPI
    private let pool: WorkerPool

    /// Sends nothing yet.
    package init(_ client: NATSClient) throws(NATSError) {
        api = try JetStreamAPI(client)
        pool = client.blocking
    }

    /// Makes the stream or brings its settings in line; repeating it changes nothing. Throws `.destructiveChange`,
    /// naming the settings, where messages would be lost or the server cannot change them in place.
    @discardableResult
    package func ensureStream(_ configuration: StreamConfiguration) async throws -> EnsureResult {
        let api = api
        return try await pool.run { try api.ensureStream(configuration) }
    }

    /// Makes a durable consumer or brings its waits and limits in line; refuses another filter.
    @discardableResult
    package func ensureConsumer(_ configuration: ConsumerConfiguration) async throws -> EnsureResult {
        let api = api
        return try await pool.run { try api.ensureConsumer(configuration) }
    }

    /// nil where there is no such stream.
    package func streamInfo(_ name: String) async throws -> StreamInfo? {
        let api = api
        return try await pool.run { try api.streamInfo(name) }
    }

    /// nil where there is no such stream or consumer.
    package func consumerInfo(stream: String, consumer: String) async throws -> ConsumerInfo? {
        let api = api
        return try await pool.run { try api.consumerInfo(stream: stream, consumer: consumer) }
    }

    /// Removes a stream with all its messages.
    package func deleteStream(_ name: String) async throws {
        let api = api
        try await pool.run { try api.deleteStream(name) }
    }

    /// Removes a stream's messages; its sequence goes on.
    package func purgeStream(_ name: String) async throws {
        let api = api
        try await pool.run { try api.purgeStream(name) }
    }

    /// One message by its number; nil where the stream does not hold it.
    package func message(stream: String, sequence: UInt64) async throws -> StoredMessage? {
        let api = api
        return try await pool.run { try api.message(stream: stream, sequence: sequence) }
    }

    /// The newest message on exactly this subject, which holds no wildcard; nil where the stream holds none.
    package func lastMessage(stream: String, subject: String) async throws -> StoredMessage? {
        let api = api
        return try await pool.run { try api.lastMessage(stream: stream, subject: subject) }
    }

    /// The subjects that the stream holds messages on, of those that match `filter`; none where there is no such stream.
    package func subjects(of stream: String, matching filter: String) async throws -> [String] {
        let api = api
        return try await pool.run { try api.subjects(stream: stream, matching: filter) }
    }

    /// Removes one message; false where the stream does not hold it.
    @discardableResult
    package func deleteMessage(stream: String, sequence: UInt64) async throws -> Bool {
        let api = api
        return try await pool.run { try api.deleteMessage(stream: stream, sequence: sequence) }
    }

    /// Removes a consumer; one that is gone already is fine.
    package func deleteConsumer(stream: String, consumer: String) async throws {
        let api = api
        try await pool.run { api.deleteConsumer(stream: stream, consumer: consumer) }
    }
}
