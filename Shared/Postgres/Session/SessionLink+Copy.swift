import CPostgres
import Glibc

extension SessionLink {
    /// Runs a script of any number of statements by the simple protocol; returns nothing of their rows.
    func script(_ sql: String, _ call: SessionCall) throws(PostgresError) {
        try runOutsidePipeline(call) { wire throws(PostgresError) in
            guard unsafe PQsendQuery(wire.raw, sql) == 1 else { throw wire.lost() }
            while let result = try next(wire, call) {
                guard result.status != PGRES_COPY_IN, result.status != PGRES_COPY_OUT else {
                    drop()
                    throw PostgresError(.misuse, "a script cannot COPY from or to the client")
                }
                try drain(wire, call, after: result)
            }
        }
    }

    /// COPY … FROM STDIN: feeds what `source` gives until nil. Returns the rows copied.
    func copyIn(
        _ sql: String,
        _ call: SessionCall,
        _ source: () throws -> [UInt8]?
    ) throws(PostgresError) -> Swift.Result<Int, any Error> {
        try runOutsidePipeline(call) { wire throws(PostgresError) in
            try begin(sql, expecting: PGRES_COPY_IN, wire, call)
            var failure: (any Error)?
            do {
                while call.interruption == nil, let chunk = try source() { try put(chunk, wire, call) }
            } catch let error as PostgresError where error.code == .connectionLost {
                throw error
            } catch {
                failure = error
            }
            if failure == nil, let reason = call.interruption {
                failure = PostgresError(reason, "COPY was given up")
            }
            let sent: Int32 =
                if failure == nil { unsafe PQputCopyEnd(wire.raw, nil) } else {
                    unsafe PQputCopyEnd(wire.raw, "given up by the client")
                }
            guard sent == 1 else { throw wire.lost() }
            let result = try next(wire, call)
            guard let result else { throw wire.lost() }
            if let failure {
                while try next(wire, call) != nil {}
                return .failure(failure)
            }
            try drain(wire, call, after: result)
            while let more = try next(wire, call) { try drain(wire, call, after: more) }
            return .success(result.affectedRows)
        }
    }

    /// COPY … TO STDOUT: hands each message of the server to `take`, which must not keep the bytes.
    func copyOut(
        _ sql: String,
        _ call: SessionCall,
        _ take: (PGBytes) throws -> Void
    ) throws(PostgresError) -> Swift.Result<Int, any Error> {
        try runOutsidePipeline(call) { wire throws(PostgresError) in
            try begin(sql, expecting: PGRES_COPY_OUT, wire, call)
            var failure: (any Error)?
            while true {
                var buffer: UnsafeMutablePointer<CChar>?
                let length = unsafe PQgetCopyData(wire.raw, &buffer, 1)
                if length == -1 { break }
                guard length != -2 else { throw wire.isBroken ? wire.lost() : try refusal(wire, call) }
                guard length > 0 else {
                    try wait(wire, writable: false, call)
                    try wire.consume()
                    continue
                }
                defer { unsafe PQfreemem(buffer) }
                // After a failure of the reader the rest is read and thrown away: COPY TO cannot be stopped halfway
                // without a cancel request, and rows are cheap.
                guard failure == nil else { continue }
                do {
                    try unsafe take(PGBytes(unsafeBytes: UnsafeRawBufferPointer(start: buffer, count: Int(length))))
                } catch {
                    failure = error
                }
            }
            guard let result = try next(wire, call) else { throw wire.lost() }
            try drain(wire, call, after: result)
            while let more = try next(wire, call) { try drain(wire, call, after: more) }
            return failure.map { .failure($0) } ?? .success(result.affectedRows)
        }
    }

    private func begin(
        _ sql: String,
        expecting status: ExecStatusType,
        _ wire: Wire,
        _ call: SessionCall
    ) throws(PostgresError) {
        guard unsafe PQsendQuery(wire.raw, sql) == 1 else { throw wire.lost() }
        guard let result = try next(wire, call) else { throw wire.lost() }
        guard result.status != status else { return }
        try drain(wire, call, after: result)
        // The connection is in no state to go on: guarded() drops it for anything but a server's refusal.
        throw PostgresError(.misuse, "the statement is not the COPY that was announced")
    }

    private func put(_ chunk: [UInt8], _ wire: Wire, _ call: SessionCall) throws(PostgresError) {
        // libpq's buffer is bounded by refusing a chunk (0) while the socket is full.
        while true {
            let queued = unsafe chunk.withUnsafeBytes { bytes in
                unsafe PQputCopyData(
                    wire.raw,
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(bytes.count)
                )
            }
            guard queued >= 0 else { throw wire.lost() }
            let isFlushed = try wire.flush()
            if queued == 1 && (isFlushed || call.interruption != nil) { return }
            try wait(wire, writable: true, call)
            try wire.consume()
            if queued == 1 { return }
        }
    }

    /// The next result of the simple protocol; nil after the last.
    private func next(_ wire: Wire, _ call: SessionCall) throws(PostgresError) -> ResultHandle? {
        var isFlushed = try wire.flush()
        while unsafe PQisBusy(wire.raw) != 0 {
            try wait(wire, writable: !isFlushed, call)
            try wire.consume()
            if !isFlushed { isFlushed = try wire.flush() }
        }
        return unsafe PQgetResult(wire.raw).map { unsafe ResultHandle($0) }
    }

    /// Throws the refusal that `result` is, after reading what follows it.
    private func drain(_ wire: Wire, _ call: SessionCall, after result: ResultHandle) throws(PostgresError) {
        switch result.status {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
        default: break
        }
        let error = result.error()
        guard !wire.isBroken else { throw error }
        while try next(wire, call) != nil {}
        throw error
    }

    private func refusal(_ wire: Wire, _ call: SessionCall) throws(PostgresError) -> PostgresError {
        guard let result = try next(wire, call) else { return wire.lost() }
        try drain(wire, call, after: result)
        return wire.lost()
    }
}
