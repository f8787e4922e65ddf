import Billing
import Domain
import Events
import Postgres

/// The services of a batch with their plans' quotas: what was read, and what follows from it.
struct QuotaBook {
    let subjects: [ServiceRef: QuotaSubject]
    private let quotas: [PlanKey: [QuotaDefinition]]

    private struct PlanKey: Hashable {
        let tenantID: TenantID
        let planID: PlanID
    }

    init(subjects: PGRows, quotas: PGRows, zone: (String?) -> TimeZoneRules) throws {
        var found: [ServiceRef: QuotaSubject] = [:]
        for row in subjects {
            let subject = try QuotaSubject(row, zone: zone)
            found[subject.ref] = subject
        }
        self.subjects = found
        var definitions: [PlanKey: [QuotaDefinition]] = [:]
        for row in quotas {
            let key = PlanKey(
                tenantID: try row.need("tenant_id") { $0.id() },
                planID: try row.need("plan_id") { $0.id() }
            )
            let currency = try row.need("currency") { cell in cell.text.flatMap { try? Currency($0) } }
            definitions[key, default: []].append(try QuotaColumns.quota(row, currency: currency))
        }
        self.quotas = definitions
    }

    func quotas(of subject: QuotaSubject) -> [QuotaDefinition] {
        quotas[PlanKey(tenantID: subject.ref.tenantID, planID: subject.planID)] ?? []
    }

    // MARK: - Counting

    struct Sums {
        var counted = 0
        /// In the order of their keys, so that all writers lock alike.
        var hours: [(key: HourKey, sum: HourSum)] = []
        var windows: [(key: WindowKey, weighted: Int64, bonus: Int64)] = []
    }

    /// What the uses add to hours and windows; those of services that are gone add nothing.
    func sums(_ uses: [ServiceUse]) -> Sums {
        var hours: [HourKey: HourSum] = [:]
        var windows: [WindowKey: QuotaUse] = [:]
        var sums = Sums()
        for use in uses {
            guard let subject = subjects[use.service] else { continue }
            sums.counted += 1
            let key = HourKey(use.service, at: use.at)
            hours[key, default: HourSum()].input += use.inputOctets
            hours[key, default: HourSum()].output += use.outputOctets
            hours[key, default: HourSum()].seconds += use.seconds
            for quota in quotas(of: subject) {
                let amount = quota.amount(
                    inputOctets: use.inputOctets,
                    outputOctets: use.outputOctets,
                    seconds: use.seconds
                )
                let percent = quota.percent(at: use.at, zone: subject.calendar.zone)
                guard amount > 0, percent > 0 else { continue }
                let window = subject.calendar.window(quota.span, at: use.at)
                let key = WindowKey(service: use.service, quotaID: quota.id, window: window)
                windows[key, default: QuotaUse(window: window)].add(amount, percent: percent)
            }
        }
        sums.hours = hours.sorted { ($0.key.service, $0.key.hour) < ($1.key.service, $1.key.hour) }
            .map { (key: $0.key, sum: $0.value) }
        sums.windows = windows.sorted { left, right in
            (left.key.service, left.key.quotaID, left.key.window.start)
                < (right.key.service, right.key.quotaID, right.key.window.start)
        }.map { (key: $0.key, weighted: $0.value.weighted, bonus: 0) }
        return sums
    }

    // MARK: - Judging

    struct Findings {
        /// Rows whose notes changed.
        var changed: [QuotaUseRow] = []
        /// Services for which a policy began or ceased to hold.
        var affected: [ServiceRef] = []
        var orders: [QuotaOrders.Overage] = []
        var events: [QuotaEvent] = []
    }

    func judge(_ rows: [QuotaUseRow], now: Timestamp) -> Findings {
        var findings = Findings()
        for row in rows {
            guard let subject = subjects[row.service],
                let quota = quotas(of: subject).first(where: { $0.id == row.quotaID })
            else { continue }
            var judged = row
            let verdict = judged.use.judge(quota, now: now)
            if judged.use != row.use { findings.changed.append(judged) }
            if verdict.changesAccess { findings.affected.append(row.service) }
            if let units = verdict.units, let order = QuotaOrders.Overage(subject, quota, judged.use, units) {
                findings.orders.append(order)
            }
            for threshold in verdict.crossed {
                findings.events.append(
                    .crossed(row.service.tenantID, QuotaCrossed(subject, quota, judged.use, threshold))
                )
            }
        }
        return findings
    }

    /// What those who answer logins are to be told of the services' use, in the order of the services; of most nothing new.
    func headroom(_ rows: [QuotaUseRow], now: Timestamp) -> [(service: ServiceRef, marks: [QuotaMark])] {
        Dictionary(grouping: rows, by: \.service).sorted { $0.key < $1.key }.compactMap { service, rows in
            guard let subject = subjects[service] else { return nil }
            let quotas = quotas(of: subject)
            let uses = rows.compactMap { row in
                quotas.first { $0.id == row.quotaID }.map { (quota: $0, use: row.use) }
            }
            // What was told of another plan's quotas goes with the next writing.
            let told = subject.marks.filter { mark in quotas.contains { QuotaCap.key($0.id.value) == mark.key } }
            return QuotaHeadroom.marks(told: told, uses: uses, now: now).map { (service: service, marks: $0) }
        }
    }

    /// What the services may now, where that is something else than their rows say.
    func changes(
        _ services: [ServiceRef],
        open rows: [QuotaUseRow],
        now: Timestamp
    ) -> [(subject: QuotaSubject, to: QuotaRestriction)] {
        let byService = Dictionary(grouping: rows, by: \.service)
        return services.compactMap { service in
            guard let subject = subjects[service] else { return nil }
            let quotas = Dictionary(quotas(of: subject).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            let uses = (byService[service] ?? []).compactMap { row in
                quotas[row.quotaID].map { (quota: $0, use: row.use) }
            }
            let wanted = QuotaRestriction.following(from: uses, now: now)
            return wanted == subject.restriction ? nil : (subject: subject, to: wanted)
        }
    }
}

extension QuotaCrossed {
    fileprivate init(_ subject: QuotaSubject, _ quota: QuotaDefinition, _ use: QuotaUse, _ threshold: Int) {
        self.init(
            serviceID: subject.ref.serviceID,
            customerID: subject.customerID,
            quotaID: quota.id.value,
            resource: quota.resource.rawValue,
            windowStart: use.window.start,
            windowEnd: use.window.end,
            threshold: UInt32(threshold),
            used: use.used,
            allowance: use.allowance(quota) ?? 0,
            policy: quota.policy.name
        )
    }
}
