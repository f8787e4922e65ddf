import Billing
import Domain
import HTTPServer
import Identity
import Persistence
import WireFormat

extension Resource where Row == StoredCashShift {
    static let cashShifts = Resource(
        .cashShifts,
        path: "/api/v1/cash-shifts",
        noun: ("CashShift", "CashShifts"),
        tag: "money",
        auditType: "cash_shift",
        read: .billingManage,
        // The house's own.
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        schemas: [
            "user_id": .uuid, "opening": .object([], isOpen: true), "expected": .nullable(.object([], isOpen: true)),
            "counted": .nullable(.object([], isOpen: true)), "difference": .nullable(.object([], isOpen: true)),
            "note": .text(), "opened_at": .time,
        ],
        isExported: false
    ) { transaction, id, _ in try await CashShiftStore(transaction).find(CashShiftID(id)) }
}

/// Shifts at cash desks: opened with what lies in the till, closed with what was counted; the difference is stated, never booked.
struct CashShiftRoutes {
    private let parts: Parts
    private let shifts = Resource<StoredCashShift>.cashShifts

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws { try [shifts.list(parts), current, shifts.get(parts), open, close] }
    }

    private struct Input: Sendable {
        var amounts: [String: String] = [:]
        var note = ""

        private static let note = InputField<Input>("note", .text(500), \.note)
        static let opening = InputShape<Input>([InputField("opening", .texts, \.amounts), note])
        static let closing = InputShape<Input>([InputField("counted", .texts, \.amounts, isRequired: true), note])

        /// `{"EUR": "120.50"}`. Throws for what is no currency or amount.
        func count(_ field: String) throws(Problem) -> CashCount {
            var count = CashCount()
            for (code, amount) in amounts.sorted(by: { $0.key < $1.key }) {
                guard let currency = try? Currency(code), let money = try? Money(amount, currency: currency),
                    money.tenThousandths >= 0, (try? count.add(money)) != nil
                else {
                    let message = "must be amounts by currency, such as {\"EUR\": \"120.50\"}"
                    throw .invalid("/" + field, message, code: "no_amounts")
                }
            }
            return count
        }
    }

    private func route(
        _ method: HTTPMethod,
        _ path: PathPattern,
        _ operationID: String,
        _ summary: String,
        body: Schema? = nil,
        status: Int = 200,
        _ handler: @escaping @Sendable (Request, Caller) async throws -> Response
    ) -> GatewayRoute {
        GatewayRoute(
            method,
            path,
            operationID: operationID,
            metadata: Access(
                PaymentRoutes.desk,
                repetition: method == .post ? .keyed : .unkeyed,
                operation: Operation(
                    "money",
                    summary,
                    body: body.map { .json($0) },
                    status: status,
                    .data(shifts.schema)
                )
            )
        ) { request in
            let caller = try request.caller
            try caller.principal.expectStaff()
            return try await handler(request, caller)
        }
    }

    private var current: GatewayRoute {
        route(
            .get,
            "/api/v1/cash-shifts/current",
            "getCurrentCashShift",
            "One's own open shift, with what has to lie in the till by now as expected; 404 without one."
        ) { request, _ in
            let shift = try await parts.read(request) { transaction, caller in
                let store = CashShiftStore(transaction)
                let principal = caller.principal
                guard let shift = try await store.current(of: principal.userID, in: principal.tenantID) else {
                    throw Problem.notFound
                }
                let takings = try await store.takings(of: shift.id)
                return (shift, try shift.shift.expected(taken: takings.taken, given: takings.given))
            }
            return Response.data { json in
                json.beginObject()
                for column in shifts.source.columns {
                    json.key(string: column.name)
                    (column.name == "expected" ? .json(shift.1.json) : column.value(shift.0)).write(to: &json)
                }
                json.endObject()
            }
        }
    }

    private var open: GatewayRoute {
        route(
            .post,
            "/api/v1/cash-shifts",
            "openCashShift",
            "Begins one's own shift with what lies in the till.",
            body: Input.opening.schema(isWhole: true),
            status: 201
        ) { request, caller in
            var input = Input()
            try Input.opening.apply(try await request.payload(), to: &input, isWhole: true)
            let shift = StoredCashShift(
                tenantID: caller.principal.tenantID,
                id: parts.ids.next(),
                userID: caller.principal.userID,
                shift: try CashShift(opening: try input.count("opening")),
                note: input.note,
                openedAt: parts.time.now()
            )
            do {
                return try await parts.change(request) { work in
                    try await CashShiftStore(work.transaction).open(shift)
                    work.record(.create, Change(before: nil, after: shift), shifts)
                    return try shifts.answer(shift, to: request, status: .created)
                }
            } catch PersistenceError.alreadyExists("cash_shifts_open") {
                throw Problem.conflict("shift_open", "Your shift is open: close it first.")
            }
        }
    }

    private var close: GatewayRoute {
        route(
            .post,
            "/api/v1/cash-shifts/{id:uuid}/close",
            "closeCashShift",
            "Ends a shift with what was counted: one's own, or another's for who manages billing.",
            body: Input.closing.schema(isWhole: true)
        ) { request, caller in
            let id = try request.pathID()
            var input = Input()
            try Input.closing.apply(try await request.payload(), to: &input, isWhole: true)
            let (counted, note) = (try input.count("counted"), input.note)
            return try await parts.change(request) { work in
                let store = CashShiftStore(work.transaction)
                _ = try await shifts.found(id, work.transaction, caller)
                guard let before = try await store.find(CashShiftID(id), lock: .update) else { throw Problem.notFound }
                let principal = caller.principal
                guard before.userID == principal.userID || principal.permissions.contains(.billingManage) else {
                    throw Problem.notFound
                }
                let takings = try await store.takings(of: before.id)
                var shift = before
                try shift.shift.close(
                    counted: counted,
                    taken: takings.taken,
                    given: takings.given,
                    underWay: takings.underWay
                )
                shift.closedAt = parts.time.now()
                if !note.isEmpty { shift.note = note }
                try await store.close(shift)
                work.record(.update, Change(before: before, after: shift), shifts)
                return try shifts.answer(shift, to: request)
            }
        }
    }
}
