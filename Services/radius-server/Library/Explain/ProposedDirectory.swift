import Domain
import Events

/// A directory as it would be with a change, and nothing written anywhere.
enum ProposedDirectory {
    /// `directory` with the change; holds only while `directory` is held still.
    static func make(
        _ change: ProposedChange,
        tenant: UInt32,
        over directory: Directory
    ) throws(QueryRefusal) -> Directory {
        let proposed = Directory(sharing: directory)
        if !change.plan.isEmpty {
            guard let id = change.planID, let number = directory.planNumber(id.value),
                var row = directory.plan(number)?.row
            else { throw QueryRefusal(.notFound, "the plan to change is not in the directory") }
            guard row.tenantID == directory.tenants[Int(tenant)].id else {
                throw QueryRefusal(.notFound, "the plan to change is another tenant's")
            }
            for setting in change.plan { try PlanSetting.apply(setting, to: &row) }
            proposed.apply(row)
        }
        guard !change.policy.isEmpty else { return proposed }
        let known = directory.tenants[Int(tenant)]
        var row = TenantRow(id: known.id, isActive: known.isActive, policy: known.policy, version: known.version)
        for setting in change.policy { try PolicySetting.apply(setting, to: &row) }
        proposed.apply(row)
        return proposed
    }
}

extension QueryRefusal: Error {}

/// `key=value` taken apart.
struct SettingText {
    let key: String
    let value: String

    init(_ text: String) throws(QueryRefusal) {
        guard let sign = text.firstIndex(of: "=") else {
            throw QueryRefusal(.invalid, "\"\(text)\": must be key=value")
        }
        key = String(text[..<sign])
        value = String(text[text.index(after: sign)...])
    }

    func refusal(_ expected: String) -> QueryRefusal { QueryRefusal(.invalid, "\(key)=\(value): \(expected)") }

    func unknown(_ known: [String]) -> QueryRefusal {
        QueryRefusal(.invalid, "\"\(key)\" is none of: \(known.joined(separator: ", "))")
    }

    func number(in range: ClosedRange<UInt32>) throws(QueryRefusal) -> UInt32 {
        guard let number = UInt32(value), range.contains(number) else {
            throw refusal("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Nil where the value is empty.
    func clearable(in range: ClosedRange<UInt32>) throws(QueryRefusal) -> UInt32? {
        value.isEmpty ? nil : try number(in: range)
    }

    /// bit/s: a whole number with a suffix k, M or G.
    func speed() throws(QueryRefusal) -> UInt64 {
        let scales: [Character: UInt64] = ["k": 1_000, "M": 1_000_000, "G": 1_000_000_000]
        let scale = value.last.flatMap { scales[$0] }
        guard let number = UInt64(scale == nil ? value[...] : value.dropLast()), number > 0,
            case let (speed, isTooMuch) = number.multipliedReportingOverflow(by: scale ?? 1), !isTooMuch
        else { throw refusal("must be a speed in bit/s such as 512k, 50M or 1G") }
        return speed
    }

    func flag() throws(QueryRefusal) -> Bool {
        switch value {
        case "yes", "true": return true
        case "no", "false": return false
        default: throw refusal("must be yes or no")
        }
    }

    var optional: String? { value.isEmpty ? nil : value }
}

/// What may be tried on a plan, by the names that `nexora plan set` has.
enum PlanSetting {
    static let names = [
        "download", "upload", "session-limit", "session-timeout", "idle-timeout", "interim-interval", "priority",
        "guaranteed-download", "guaranteed-upload", "burst", "burst-download", "burst-upload", "threshold-download",
        "threshold-upload", "burst-seconds", "address-pool", "ipv6-pool", "delegated-ipv6-pool", "address-list", "dns",
    ]

    static func apply(_ text: String, to row: inout PlanRow) throws(QueryRefusal) {
        let setting = try SettingText(text)
        switch setting.key {
        case "download": row.downloadBPS = try setting.speed()
        case "upload": row.uploadBPS = try setting.speed()
        case "session-limit": row.sessionLimit = UInt8(try setting.number(in: 1...5))
        case "session-timeout": row.sessionTimeout = try setting.clearable(in: 1...31_536_000)
        case "idle-timeout": row.idleTimeout = try setting.clearable(in: 1...31_536_000)
        case "interim-interval": row.interimInterval = try setting.number(in: 60...86_400)
        case "priority": row.priority = UInt8(try setting.number(in: 1...8))
        case "guaranteed-download": row.guaranteedDownloadBPS = setting.value.isEmpty ? nil : try setting.speed()
        case "guaranteed-upload": row.guaranteedUploadBPS = setting.value.isEmpty ? nil : try setting.speed()
        case "address-pool": row.addressPool = setting.optional
        case "ipv6-pool": row.ipv6Pool = setting.optional
        case "delegated-ipv6-pool": row.delegatedIPv6Pool = setting.optional
        case "address-list": row.addressList = setting.optional
        case "dns":
            row.dnsServers = []
            for text in setting.value.split(separator: ",") {
                guard let server = IPAddress(String(text))?.ipv4 else {
                    throw setting.refusal("must be IPv4 addresses")
                }
                row.dnsServers.append(server)
            }
        default: try applyBurst(setting, to: &row)
        }
    }

    private static func applyBurst(_ setting: SettingText, to row: inout PlanRow) throws(QueryRefusal) {
        if setting.key == "burst" {
            guard try !setting.flag() else {
                throw setting.refusal("a burst is given by burst-download and its like; no takes it away")
            }
            row.burst = nil
            return
        }
        guard names.contains(setting.key) else { throw setting.unknown(names) }
        var burst =
            row.burst
            ?? PlanBurst(
                downloadBPS: row.downloadBPS,
                uploadBPS: row.uploadBPS,
                thresholdDownloadBPS: row.downloadBPS,
                thresholdUploadBPS: row.uploadBPS,
                seconds: 16
            )
        switch setting.key {
        case "burst-download": burst.downloadBPS = try setting.speed()
        case "burst-upload": burst.uploadBPS = try setting.speed()
        case "threshold-download": burst.thresholdDownloadBPS = try setting.speed()
        case "threshold-upload": burst.thresholdUploadBPS = try setting.speed()
        default: burst.seconds = try setting.number(in: 1...86_400)
        }
        row.burst = burst
    }
}

/// What may be tried on a tenant, by the names of its settings.
enum PolicySetting {
    static let names = ["session_policy", "bind_device", "walled_garden_plan", "active"]

    static func apply(_ text: String, to row: inout TenantRow) throws(QueryRefusal) {
        let setting = try SettingText(text)
        switch setting.key {
        case "session_policy":
            guard let policy = TenantPolicy.SessionPolicy(rawValue: setting.value) else {
                throw setting.refusal("must be disconnect_oldest or reject_new")
            }
            row.policy.sessionPolicy = policy
        case "bind_device": row.policy.bindsDevice = try setting.flag()
        case "walled_garden_plan":
            let id = setting.optional.flatMap { PlanID($0) }
            guard id != nil || setting.value.isEmpty else { throw setting.refusal("must be a plan's id, or empty") }
            row.policy.walledGardenPlan = id
        case "active": row.isActive = try setting.flag()
        default: throw setting.unknown(names)
        }
    }
}
