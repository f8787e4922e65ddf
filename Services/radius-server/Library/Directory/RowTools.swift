import Crypto
import Domain
import Profiles

/// What rows are read with.
struct RowTools: Sendable {
    let keyring: Keyring
    let attributes: ReplyAttributeEncoder
    /// Told of a part of a row that is left out; the rest of the row is used.
    let complain: @Sendable (DirectoryRowError) -> Void

    /// Reads a column of reply attributes: each four fields behind unit separators, with record separators between them, both of which
    /// no field may hold. What cannot be encoded is left out.
    func operations(_ column: String?, table: StaticString, id: UUID128) -> [ReplyOperation] {
        guard let column, !column.isEmpty else { return [] }
        return column.split(separator: "\u{1e}").compactMap { record in
            let fields = record.split(separator: "\u{1f}", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 4, let action = ReplyOperator(rawValue: fields[0]) else {
                complain(DirectoryRowError(table: table, id: id, reason: "is unreadable"))
                return nil
            }
            let attribute = ReplyAttribute(
                name: fields[2],
                action: action,
                value: fields[3],
                vendor: NASVendor(rawValue: fields[1])
            )
            do throws(ReplyAttributeError) {
                return try attributes.operation(attribute)
            } catch {
                complain(DirectoryRowError(table: table, id: id, reason: error.description))
                return nil
            }
        }
    }

    /// Reads a column of windows: each thirteen numbers with commas, with semicolons between them; 0 is what is not there.
    func windows(_ column: String?, plan: UUID128) -> [SpeedWindow] {
        guard let column, !column.isEmpty else { return [] }
        return column.split(separator: ";").compactMap { record in
            let numbers = record.split(separator: ",").compactMap { Int64($0) }
            guard let window = SpeedWindow(numbers: numbers) else {
                complain(DirectoryRowError(table: "plan_speed_windows", id: plan, reason: "is unreadable"))
                return nil
            }
            return window
        }
    }

    /// Reads a column of throttles: each a position and two speeds with commas, with semicolons between them.
    func throttles(_ column: String?, plan: UUID128) -> [QuotaThrottle] {
        guard let column, !column.isEmpty else { return [] }
        return column.split(separator: ";").compactMap { record in
            let numbers = record.split(separator: ",").compactMap { Int64($0) }
            guard numbers.count == 3, let position = UInt8(exactly: numbers[0]) else {
                complain(DirectoryRowError(table: "plan_quotas", id: plan, reason: "is unreadable"))
                return nil
            }
            return QuotaThrottle(position: position, rate: SpeedPair(download: numbers[1], upload: numbers[2]))
        }
    }

    /// Reads a column of quotas that slow down or keep out: each a key, a meter, an allowance, and the greatest and least percent of its
    /// hours with commas, with semicolons between them.
    func caps(_ column: String?, plan: UUID128) -> [QuotaCap] {
        guard let column, !column.isEmpty else { return [] }
        return column.split(separator: ";").compactMap { record in
            let fields = record.split(separator: ",").map(String.init)
            let numbers = fields.dropFirst(2).compactMap { Int64($0) }
            guard fields.count == 5, numbers.count == 3, let id = UUID128(fields[0]),
                let meter = Self.meters[fields[1]]
            else {
                complain(DirectoryRowError(table: "plan_quotas", id: plan, reason: "is unreadable"))
                return nil
            }
            return QuotaCap(
                key: QuotaCap.key(id),
                meter: meter,
                allowance: numbers[0],
                greatestPercent: numbers[1],
                hasCheapHours: numbers[2] < 100
            )
        }
    }

    private static let meters: [String: QuotaCap.Meter] = [
        "both": .total, "download": .download, "upload": .upload, "seconds": .seconds,
    ]

    /// Reads what a service has used of its quotas.
    func marks(_ column: String?, service: UUID128) -> [QuotaMark] {
        guard let column else { return [] }
        guard let marks = QuotaMark.list(column) else {
            complain(DirectoryRowError(table: "quota_headroom", id: service, reason: "is unreadable"))
            return []
        }
        return marks
    }

    /// The clocks of a tenant; nil, and no window holds, where the time zone database does not know them.
    func zone(_ name: String?, tenant: UUID128) -> TimeZoneRules? {
        guard let name else { return .utc }
        let zone = SystemFiles.timeZone(name)
        if zone == nil {
            complain(DirectoryRowError(table: "tenants", id: tenant, reason: "no time zone is named \(name)"))
        }
        return zone
    }
}
