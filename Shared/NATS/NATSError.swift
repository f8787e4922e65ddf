internal import CNATS

/// What NATS refused or could not do. Carries the server's words, never a payload.
package struct NATSError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Sendable, Equatable {
        /// No connection at the moment, or it was lost during the call.
        case disconnected
        /// The client was closed by its owner.
        case closed
        /// No answer in time: whether the request took effect is unknown.
        case timedOut
        /// Nobody answers on that subject: JetStream is off or still starting, or no stream has the subject.
        case noResponders
        /// The stream, consumer or message does not exist.
        case notFound
        /// The change asked for would lose data or cannot be made in place; `message` names each difference.
        case destructiveChange
        /// The server refused; `apiCode` holds JetStream's error code.
        case refused
        /// A name, subject or option is not valid.
        case invalidArgument
        /// libnats failed in another way.
        case other
    }

    /// What a caller should do.
    package enum Disposition: Sendable {
        /// Try again later.
        case retry
        /// The same call will fail again.
        case permanent
        /// The client is of no more use.
        case fatal
    }

    package let code: Code
    /// For a person; names the operation.
    package let message: String
    /// libnats' status.
    package let status: UInt32
    /// JetStream's error code, 0 where there is none.
    package let apiCode: UInt32
    package let file: String
    package let line: Int

    package init(
        _ code: Code,
        _ message: String,
        status: UInt32 = 0,
        apiCode: UInt32 = 0,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.status = status
        self.apiCode = apiCode
        self.file = file
        self.line = line
    }

    /// What a caller should do about it.
    package var disposition: Disposition {
        switch code {
        case .disconnected, .timedOut, .noResponders, .other: .retry
        case .notFound, .destructiveChange, .refused, .invalidArgument: .permanent
        case .closed: .fatal
        }
    }

    package var description: String {
        apiCode == 0 ? message : "\(message) (JetStream error \(apiCode))"
    }
}

extension NATSError {
    /// The error of a libnats call that did not return NATS_OK. Must run on the thread of the call: libnats keeps
    /// its last error's text per thread.
    init(
        status: natsStatus,
        apiCode: jsErrCode = jsErrCode(rawValue: 0),
        doing operation: String,
        file: String = #fileID,
        line: Int = #line
    ) {
        let text = unsafe natsStatus_GetText(status).map { unsafe String(cString: $0) } ?? "status \(status.rawValue)"
        var detail = ""
        if let last = unsafe nats_GetLastError(nil) { detail = unsafe String(cString: last) }
        let reason = detail.isEmpty || detail == text ? text : "\(text): \(detail)"
        self.init(
            Self.code(of: status, apiCode),
            "\(operation): \(reason)",
            status: status.rawValue,
            apiCode: apiCode.rawValue,
            file: file,
            line: line
        )
    }

    private static func code(of status: natsStatus, _ apiCode: jsErrCode) -> Code {
        if apiCode == JSStreamNotFoundErr || apiCode == JSConsumerNotFoundErr || apiCode == JSNoMessageFoundErr {
            return .notFound
        }
        if apiCode.rawValue != 0 { return .refused }
        return switch status {
        case NATS_CONNECTION_CLOSED: .closed
        case NATS_CONNECTION_DISCONNECTED, NATS_NOT_YET_CONNECTED, NATS_NO_SERVER, NATS_STALE_CONNECTION,
            NATS_INSUFFICIENT_BUFFER, NATS_IO_ERROR:
            .disconnected
        case NATS_TIMEOUT: .timedOut
        case NATS_NO_RESPONDERS: .noResponders
        case NATS_NOT_FOUND: .notFound
        case NATS_INVALID_ARG, NATS_INVALID_SUBJECT: .invalidArgument
        default: .other
        }
    }
}

extension natsStatus {
    /// Throws unless the call succeeded.
    func orThrow(_ operation: @autoclosure () -> String, file: String = #fileID, line: Int = #line)
        throws(NATSError)
    {
        if self != NATS_OK { throw NATSError(status: self, doing: operation(), file: file, line: line) }
    }
}
