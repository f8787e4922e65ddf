internal import CNATS
internal import Concurrency

extension NATSClient {
    /// Asks whoever answers on `subject`, without JetStream, and returns the first answer. Throws `.noResponders` at once
    /// where nobody listens, `.timedOut` after `limit`, `.disconnected` while there is no connection.
    package func request(_ subject: String, _ payload: [UInt8], within limit: Duration) async throws -> [UInt8] {
        guard status.isConnected else { throw NATSError(.disconnected, "request on \(subject): not connected") }
        let handle = handle
        return try await blocking.run {
            var answer: OpaquePointer?
            let result = unsafe payload.withUnsafeBytes { bytes in
                unsafe natsConnection_Request(
                    &answer,
                    handle.raw,
                    subject,
                    bytes.baseAddress,
                    Int32(bytes.count),
                    max(1, limit.wholeMilliseconds)
                )
            }
            try result.orThrow("request on \(subject)")
            guard let answer = unsafe answer else { throw NATSError(.other, "request on \(subject): no answer") }
            return unsafe RawMessage(raw: answer).copiedPayload()
        }
    }
}
