package import Domain
import Postgres

/// What live sessions have and should have.
extension EnforcementStore {
    /// Those of the sessions that are live and of a service.
    package func live(_ sessions: [SessionRef], at now: Timestamp) async throws(StorageFault) -> [LiveSession] {
        guard !sessions.isEmpty else { return [] }
        return try await rows(
            TermsSQL.bySession,
            [.time(now), .uuids(sessions.map(\.tenantID.value)), .uuids(sessions.map(\.id.value))]
        )
    }

    /// The live sessions of those services.
    package func live(of services: [ServiceRef], at now: Timestamp) async throws(StorageFault) -> [LiveSession] {
        guard !services.isEmpty else { return [] }
        return try await rows(
            TermsSQL.byService,
            [.time(now), .uuids(services.map(\.tenantID.value)), .uuids(services.map(\.serviceID.value))]
        )
    }

    /// Up to `limit` live sessions of a NAS, after that one, in the order of their ids.
    package func live(
        on nas: NASRef,
        after last: SessionID?,
        limit: Int,
        at now: Timestamp
    ) async throws(StorageFault) -> [LiveSession] {
        try await rows(
            TermsSQL.byNAS,
            [.time(now), .id(nas.tenantID), .id(nas.id), .id(last ?? SessionID(.zero)), .int8(Int64(limit))]
        )
    }

    /// The database's clock.
    package func clock() async throws(StorageFault) -> Timestamp {
        try await guardedRows {
            guard let row = try await self.session.query("SELECT clock_timestamp() AS now").first else {
                throw UnexpectedRow(column: "now")
            }
            return try row.need("now", \.time)
        }
    }

    /// Where sessions are live in those tenants.
    package func liveNASes(of tenants: [TenantID]) async throws(StorageFault) -> [NASRef] {
        try await guardedRows {
            try await self.session.query(TermsSQL.liveNASesOfTenants, [.uuids(tenants.map(\.value))]).map {
                try NASRef($0)
            }
        }
    }

    /// Where sessions are live in all tenants, and how many.
    package func liveCounts() async throws(StorageFault) -> [NASRef: Int] {
        try await guardedRows {
            let rows = try await self.session.query(TermsSQL.liveCounts)
            return try Dictionary(
                rows.map { (try NASRef($0), try $0.need("sessions", \.int)) },
                uniquingKeysWith: { first, _ in first }
            )
        }
    }

    /// The services of customers.
    package func services(
        ofCustomers customers: [(TenantID, UUID128)]
    ) async throws(StorageFault) -> [ServiceRef] {
        try await services(TermsSQL.servicesOfCustomers, customers)
    }

    /// The services with a live session that have those plans, or have them for a time.
    package func services(ofPlans plans: [(TenantID, UUID128)]) async throws(StorageFault) -> [ServiceRef] {
        try await services(TermsSQL.servicesOfPlans, plans)
    }

    /// What is stored of those plans' speeds; those that are gone are left out, those that cannot be read are told.
    package func plans(_ ids: Set<PlanID>) async throws(StorageFault) -> StoredPlans {
        guard !ids.isEmpty else { return StoredPlans() }
        return try await guardedRows {
            var plans = StoredPlans()
            for row in try await self.session.query(TermsSQL.plans, [.uuids(ids.map(\.value))]) {
                plans.take(try row.need("id") { $0.id() }, row)
            }
            return plans
        }
    }

    /// Stores what sessions have. What is presumed goes before nothing, what a login said before what was presumed, what a
    /// NAS acknowledged before everything.
    package func store(_ terms: [SessionTermsRow], at now: Timestamp) async throws(StorageFault) {
        // Of two for one session in one statement the database would refuse both.
        let rows = Array(Dictionary(terms.map { ($0.session, $0) }, uniquingKeysWith: { _, later in later }).values)
        guard !rows.isEmpty else { return }
        try await guardedRows {
            let statement = SessionTermsRow.statement(rows, at: now)
            _ = try await self.session.query(statement.sql, statement.parameters)
        }
    }

    /// Removes what is known of sessions that were over before that time; returns of how many.
    package func forgetTerms(before time: Timestamp) async throws(StorageFault) -> Int {
        try await guardedRows {
            try await self.session.pipeline([PGStatement(TermsSQL.forget, [.time(time)])])[0].affectedRows
        }
    }

    // MARK: - With what orders have become

    /// What NASes acknowledged, and what they would not do.
    static func terms(_ outcomes: [EnforcementOutcome], at now: Timestamp) -> [PGStatement] {
        var statements: [PGStatement] = []
        var changed: [SessionRef: SessionTermsRow] = [:]
        var moved: [SessionRef: Timestamp] = [:]
        var refused: [SessionRef: (NASID, TermsDigest)] = [:]
        for outcome in outcomes {
            let order = outcome.order
            guard let id = order.sessionID else { continue }
            let session = SessionRef(tenantID: order.tenantID, id: id)
            if outcome.isAnswer, order.state == .acknowledged, order.way == .change, let goal = order.goal {
                if order.cause == .renewed {
                    moved[session] = goal.end?.at
                } else {
                    changed[session] = SessionTermsRow(
                        session: session,
                        nasID: order.nasID,
                        terms: goal.terms,
                        evidence: .changed,
                        endsAt: goal.end?.at
                    )
                }
            } else if order.state == .failed, order.isRefusal, order.kind == .change || order.cause.isByState {
                refused[session] = (order.nasID, order.goal?.terms.digest ?? .over)
            } else if order.state == .unproven, order.way != .change, order.kind == .change || order.cause.isByState {
                refused[session] = (order.nasID, order.goal?.terms.digest ?? .over)
            }
        }
        if !changed.isEmpty { statements.append(SessionTermsRow.statement(Array(changed.values), at: now)) }
        if !moved.isEmpty {
            let moved = Array(moved)
            statements.append(
                PGStatement(
                    TermsSQL.move,
                    [
                        .uuids(moved.map(\.key.tenantID.value)), .uuids(moved.map(\.key.id.value)),
                        .timestamptzArray(moved.map(\.value.microseconds)),
                    ]
                )
            )
        }
        if !refused.isEmpty {
            let refused = Array(refused)
            statements.append(
                PGStatement(
                    TermsSQL.refuse,
                    [
                        .uuids(refused.map(\.key.tenantID.value)), .uuids(refused.map(\.key.id.value)),
                        .uuids(refused.map(\.value.0.value)),
                        .int8Array(refused.map { Int64(bitPattern: $0.value.1.rawValue) }), .time(now),
                    ]
                )
            )
        }
        return statements
    }

    // MARK: - Private

    private func rows(_ sql: String, _ parameters: [PGValue]) async throws(StorageFault) -> [LiveSession] {
        try await guardedRows { try await self.session.query(sql, parameters).map { try LiveSession($0) } }
    }

    private func services(_ sql: String, _ ids: [(TenantID, UUID128)]) async throws(StorageFault) -> [ServiceRef] {
        guard !ids.isEmpty else { return [] }
        return try await guardedRows {
            try await self.session.query(sql, [.uuids(ids.map(\.0.value)), .uuids(ids.map(\.1))]).map { row in
                ServiceRef(tenantID: try row.need("tenant_id") { $0.id() }, serviceID: try row.need("id") { $0.id() })
            }
        }
    }
}

extension EnforcementOrder {
    /// Whether it failed for what its NAS, or its row, is, and not for silence, which ends by itself.
    fileprivate var isRefusal: Bool {
        switch reason {
        case .unanswered, .badAuthenticator, .breakerOpen, .queueFull, .overdue, .braked: false
        default: true
        }
    }
}
