import Crypto
import Domain
import HTTPServer
import Identity
import Observability
import Persistence
import WireFormat

/// The import of customers: rows are stored while the file arrives; the answer, a line for each record, follows it.
struct CustomerImporting: Sendable {
    let parts: Parts

    init(_ parts: Parts) { self.parts = parts }

    func answer(_ request: Request) async throws -> Response {
        let type = request.headers["content-type"]?.prefix { $0 != ";" }.lowercased()
        guard type == "text/csv" else {
            throw Problem(415, code: "unsupported_media_type", detail: "The body must be text/csv.")
        }
        let caller = try request.caller
        let isDryRun = request.query["dry_run"] == "true"
        let wanted = try request.query["tenant_id"].map { text throws(Problem) in
            guard let id = TenantID(text) else { throw .invalid("tenant_id", "must be an id") }
            return id
        }
        let tenant = try caller.principal.target(wanted)
        let seed = try Self.seed(request, caller)
        var importer = importer(tenant, caller, isDryRun: isDryRun, seed: seed)
        var lines: [UInt8] = []
        var isWhole = true
        do {
            for try await chunk in request.body { lines += Self.lines(try await importer.consume(chunk)) }
            lines += Self.lines(try await importer.finish())
        } catch {
            lines += Self.lines(importer.results())
            switch error {
            case let fault as ImportFault: lines += Self.line(fault)
            // Nothing has happened: the request has failed like any other.
            case _ where importer.summary.rows == 0: throw error
            default:
                isWhole = false
                lines += Self.line(ending: error, parts.logger)
            }
        }
        lines += Self.line(importer.summary, isDryRun: isDryRun, isWhole: isWhole)
        return .bytes(lines, contentType: "application/x-ndjson", status: isWhole ? .ok : 207)
    }

    /// What records' ids are made of under an Idempotency-Key; the caller's own, like the key. A dry run stores nothing.
    private static func seed(_ request: Request, _ caller: Caller) throws(Problem) -> [UInt8]? {
        guard let key = request.headers["idempotency-key"] else { return nil }
        try Idempotency.check(key)
        return Digest.sha256(
            Array("import\n\(caller.principal.tenantID)\n\(caller.audit.actor.id)\n\(key)".utf8)
        )
    }

    private func importer(_ tenant: TenantID, _ caller: Caller, isDryRun: Bool, seed: [UInt8]?) -> CustomerImport {
        CustomerImport(
            tenant: tenant,
            ids: parts.ids,
            isDryRun: isDryRun,
            in: parts.database.scope(caller.principal.tenantID),
            seed: isDryRun ? nil : seed
        ) { [parts] transaction, changes in
            let customers = Resource<Customer>.customers
            try await AuditLog(transaction).append(
                changes.compactMap { change in
                    change.after.map { customer in
                        parts.entry(
                            caller,
                            .create,
                            AuditResource(customers.auditType, customer.id),
                            of: customer.tenantID,
                            AuditChange(change, by: customers.source)
                        )
                    }
                }
            )
        }
    }

    private static func lines(_ results: [ImportResult]) -> [UInt8] { results.flatMap { line($0) } }

    private static func line(_ result: ImportResult) -> [UInt8] {
        written { json in
            json.pair("line", result.line)
            json.key("code")
            FieldValue.text(result.code).write(to: &json)
            json.key("id")
            FieldValue.id(result.id).write(to: &json)
            json.key("problems")
            json.beginArray()
            for problem in result.problems { write(problem, &json) }
            json.endArray()
        }
    }

    /// A heading that cannot be used: nothing of the file was.
    private static func line(_ fault: ImportFault) -> [UInt8] {
        written { json in
            json.pair("line", 1)
            json.key("problems")
            json.beginArray()
            write(fault, &json)
            json.endArray()
        }
    }

    /// What ended the import before its file: what was stored until then is.
    private static func line(ending error: any Error, _ logger: Logger) -> [UInt8] {
        let (code, reason): (String, String) =
            switch error {
            case let end as ImportEnd: ("too_many", end.description)
            case let error as RequestBodyError: ("body", String(describing: error))
            case is TenantBusy: ("busy", "too many requests of the tenant are under way at once")
            case is CancellationError: ("too_slow", "the request took too long")
            default:
                ("unavailable", "the database refused or failed: send the file again under the same Idempotency-Key")
            }
        logger.log(.warn, "import ended early", ["error": .string(String(describing: error))])
        return written { json in
            json.key("ended")
            json.beginObject()
            json.pair("code", code)
            json.pair("reason", reason)
            json.endObject()
        }
    }

    private static func line(
        _ summary: CustomerImport.Summary,
        isDryRun: Bool,
        isWhole: Bool
    ) -> [UInt8] {
        written { json in
            json.key("summary")
            json.beginObject()
            json.pair("rows", summary.rows)
            json.pair("created", summary.created)
            json.pair("failed", summary.failed)
            json.pair("dry_run", isDryRun)
            json.pair("complete", isWhole)
            json.endObject()
        }
    }

    private static func write(_ fault: ImportFault, _ json: inout JSONWriter) {
        json.beginObject()
        json.key("column")
        FieldValue.text(fault.column).write(to: &json)
        json.pair("reason", fault.reason)
        json.endObject()
    }

    private static func written(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        members(&json)
        json.endObject()
        return json.bytes + [0x0a]
    }
}
