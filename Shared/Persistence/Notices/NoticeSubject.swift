package import Domain
import Postgres

/// What a notice tells of: it is looked at again just before the notice is sent, which is dropped where it is not so any more.
package enum NoticeSubject: Hashable, Sendable {
    /// It is not paid.
    case bill(UUID128)
    /// So many percent of what the window holds are used, and the window lasts.
    case quota(UUID128, of: ServiceID, from: Timestamp, percent: Int)
    /// It stands as decided.
    case boost(UUID128, isApproved: Bool)
    /// Nobody decided it yet.
    case boostAsked(UUID128)
    /// Less is available than that, in ten-thousandths.
    case wallet(UUID128, threshold: Int64)
    /// Its logins are refused, or let be again after somebody was told that they were refused.
    case access(ServiceID, isSuspended: Bool)
    /// It stands as it ended: nothing gave all of it back, or nothing was paid in its place.
    case payment(UUID128, isReceived: Bool)
    /// It is in use.
    case activation(ServiceID)
    /// It is still so, and of one that answers again somebody was told that it did not; what happened before that time counts.
    case device(DeviceID, isOnline: Bool, at: Timestamp)
    /// It was not cancelled, and is not paused.
    case campaign(CampaignID)

    /// Named texts for `notices.about`.
    package var members: [(name: String, text: String)] {
        switch self {
        case .bill(let id): [("bill", "\(id)")]
        case .quota(let id, let service, let from, let percent):
            [
                ("quota", "\(id)"), ("service", "\(service)"), ("from", "\(from.microseconds)"),
                ("percent", "\(percent)"),
            ]
        case .boost(let id, let isApproved): [("boost", "\(id)"), ("decision", isApproved ? "approved" : "rejected")]
        case .boostAsked(let id): [("boost", "\(id)"), ("decision", "requested")]
        case .wallet(let id, let threshold): [("wallet", "\(id)"), ("threshold", "\(threshold)")]
        case .access(let id, let isSuspended):
            [("service", "\(id)"), ("access", isSuspended ? "suspended" : "restored")]
        case .payment(let id, let isReceived): [("payment", "\(id)"), ("outcome", isReceived ? "received" : "failed")]
        case .activation(let id): [("activated", "\(id)")]
        case .campaign(let id): [("campaign", "\(id)")]
        case .device(let id, let isOnline, let at):
            [("device", "\(id)"), ("status", isOnline ? "online" : "offline"), ("at", "\(at.microseconds)")]
        }
    }

    /// Nil where the texts name none.
    package init?(members: [String: String]) {
        func id(_ name: String) -> UUID128? { members[name].flatMap { UUID128($0) } }
        if let bill = id("bill") {
            self = .bill(bill)
        } else if let quota = id("quota"), let service = id("service"),
            let from = members["from"].flatMap({ Int64($0) }),
            let percent = members["percent"].flatMap({ Int($0) })
        {
            self = .quota(quota, of: ServiceID(service), from: Timestamp(microseconds: from), percent: percent)
        } else if let boost = id("boost"), let decision = members["decision"] {
            self = decision == "requested" ? .boostAsked(boost) : .boost(boost, isApproved: decision == "approved")
        } else if let wallet = id("wallet"), let threshold = members["threshold"].flatMap({ Int64($0) }) {
            self = .wallet(wallet, threshold: threshold)
        } else if let service = id("service"), let access = members["access"] {
            self = .access(ServiceID(service), isSuspended: access == "suspended")
        } else if let payment = id("payment"), let outcome = members["outcome"] {
            self = .payment(payment, isReceived: outcome == "received")
        } else if let service = id("activated") {
            self = .activation(ServiceID(service))
        } else if let campaign = id("campaign") {
            self = .campaign(CampaignID(campaign))
        } else if let device = id("device"), let status = members["status"],
            let at = members["at"].flatMap({ Int64($0) })
        {
            self = .device(DeviceID(device), isOnline: status == "online", at: Timestamp(microseconds: at))
        } else {
            return nil
        }
    }
}

/// Whether what a notice tells is still so.
package enum NoticeVerdict: Hashable, Sendable {
    case holds
    /// With what is told as it is in this moment.
    case holdsAs(NoticeMoment)
    /// With a word for why not.
    case ended(String)
    /// It is not told now, with a word for why: it is looked at again after a while.
    case waits(String)
}

/// What a notice tells as it is when it is sent.
package struct NoticeMoment: Hashable, Sendable {
    /// What is available in the wallet.
    package var balance: Money?
    /// Somebody may sign in for the customer.
    package var hasPages = false

    package init() {}
}

extension NoticeSources {
    /// Looks at it as it is in this moment, for who is to be told of it.
    package func verdict(
        on subject: NoticeSubject,
        in tenant: TenantID,
        recipient: UUID128,
        at now: Timestamp
    ) async throws(StorageFault) -> NoticeVerdict {
        switch subject {
        case .bill(let id):
            try await verdict(
                "SELECT status FROM bills WHERE tenant_id = $1 AND id = $2",
                [.id(tenant), Self.uuid(id)]
            ) { row in
                let status = try row.need("status", \.text)
                return status == "pending" || status == "overdue" ? .holds : .ended(status)
            }
        case .quota(let id, let service, let from, let percent):
            try await verdict(
                """
                SELECT u.weighted, q.allowance + u.bonus AS allowance, u.window_end > $5 AS lasts FROM quota_usage u
                JOIN plan_quotas q ON q.tenant_id = u.tenant_id AND q.id = u.quota_id
                WHERE u.tenant_id = $1 AND u.service_id = $2 AND u.quota_id = $3 AND u.window_start = $4
                """,
                [.id(tenant), .id(service), Self.uuid(id), .time(from), .time(now)]
            ) { row in
                guard try row.need("lasts", \.bool) else { return .ended("window_over") }
                let (used, allowance) = (try row.need("weighted", \.int), try row.need("allowance", \.int))
                return Self.reaches(used, percent, of: allowance) ? .holds : .ended("topped_up")
            }
        case .boost(let id, let isApproved):
            try await verdict(
                "SELECT state FROM boosts WHERE tenant_id = $1 AND id = $2",
                [.id(tenant), Self.uuid(id)]
            ) { row in
                let state = try row.need("state", \.text)
                return (isApproved ? ["approved", "active"] : ["rejected"]).contains(state)
                    ? .holds : .ended("decided_anew")
            }
        case .wallet(let id, let threshold):
            try await verdict(
                "SELECT balance - held AS available, currency FROM ledger_accounts WHERE tenant_id = $1 AND id = $2",
                [.id(tenant), Self.uuid(id)]
            ) { row in
                guard Int64(try row.need("available", \.int)) < threshold else { return .ended("topped_up") }
                return .holdsAs(try Self.moment(row))
            }
        case .boostAsked(let id):
            try await verdict(
                "SELECT state FROM boosts WHERE tenant_id = $1 AND id = $2",
                [.id(tenant), Self.uuid(id)]
            ) { row in
                try row.need("state", \.text) == "pending" ? .holds : .ended("decided")
            }
        case .access(let id, let isSuspended):
            try await access(id, isSuspended, in: tenant, recipient: recipient)
        case .payment(let id, let isReceived): try await payment(id, isReceived, in: tenant)
        case .activation(let id): try await activation(id, in: tenant)
        case .campaign(let id): try await verdict(onCampaign: id, in: tenant)
        case .device(let id, let isOnline, let at):
            try await device(id, isOnline, at, in: tenant, recipient: recipient)
        }
    }

    /// Whether a use is that share of what there is; the products are compared in full width.
    static func reaches(_ used: Int, _ percent: Int, of allowance: Int) -> Bool {
        let (one, other) = (used.multipliedFullWidth(by: 100), allowance.multipliedFullWidth(by: percent))
        return (one.high, one.low) >= (other.high, other.low)
    }

    /// Who was never told of a suspension is told of no end of one: that is how services begin.
    private func access(
        _ id: ServiceID,
        _ isSuspended: Bool,
        in tenant: TenantID,
        recipient: UUID128
    ) async throws(StorageFault) -> NoticeVerdict {
        try await verdict(
            """
            SELECT v.status, EXISTS (SELECT FROM notices n WHERE n.tenant_id = v.tenant_id AND n.recipient_id = $3
                AND n.kind = 'service_suspended' AND n.about ->> 'service' = v.id::text
                AND n.state IN ('sending', 'sent', 'delivered', 'unknown')) AS was_told
            FROM services v WHERE v.tenant_id = $1 AND v.id = $2
            """,
            [.id(tenant), .id(id), Self.uuid(recipient)]
        ) { row in
            let status = try row.need("status", \.text)
            if isSuspended { return status == "suspended" ? .holds : .ended("restored") }
            guard status == "active" else { return .ended(status) }
            return try row.need("was_told", \.bool) ? .holds : .ended("never_told")
        }
    }

    /// As ``GatheringSQL/drop`` judges many.
    private func device(
        _ id: DeviceID,
        _ isOnline: Bool,
        _ at: Timestamp,
        in tenant: TenantID,
        recipient: UUID128
    ) async throws(StorageFault) -> NoticeVerdict {
        try await verdict(
            """
            SELECT s.status, \(GatheringSQL.lastTold("s.tenant_id", "$3", "s.device_id::text", "$4")) AS last_told
            FROM device_status s WHERE s.tenant_id = $1 AND s.device_id = $2
            """,
            [.id(tenant), .id(id), Self.uuid(recipient), .int8(at.microseconds)]
        ) { row in
            let status = try row.need("status", \.text)
            guard status != "unknown" else { return .ended("not_checked") }
            guard (status == "online") == isOnline else { return .ended("device_\(status)_again") }
            return isOnline && row["last_told"].text != "device_offline" ? .ended("never_told") : .holds
        }
    }

    /// What is not there any more has ended.
    func verdict(
        _ sql: String,
        _ values: [PGValue],
        _ judge: @escaping @Sendable (PGRow) throws -> NoticeVerdict
    ) async throws(StorageFault) -> NoticeVerdict {
        try await guardedRows { try await executor.query(sql, values).first.map(judge) ?? .ended("gone") }
    }
}
