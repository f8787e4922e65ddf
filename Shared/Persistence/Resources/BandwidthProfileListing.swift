package import Domain
import Postgres
import WireFormat

extension ListSource where Row == BandwidthProfile {
    /// Bandwidth profiles with their windows.
    package static let bandwidthProfiles = ListSource(
        name: "bandwidth_profiles",
        tables: ["bandwidth_profiles"],
        selection: BandwidthProfileRepository.columns,
        fields: [
            ListField("id", .id, isSelective: true), ListField("tenant_id", .id, isSelective: true),
            ListField("name", .text), ListField("download_bps", .integer), ListField("upload_bps", .integer),
            ListField("created_at", .time), ListField("updated_at", .time),
        ],
        orders: [
            ListSort("name", .text, "lower(r.name) COLLATE \"C\""), ListSort("created_at", .time),
            ListSort("download_bps", .integer), ListSort("id", .id),
        ],
        defaultSort: "name",
        columns: [
            OutputColumn("id") { .id($0.id) }, OutputColumn("tenant_id") { .id($0.tenantID) },
            OutputColumn("name") { .text($0.name) }, OutputColumn("description") { .text($0.description) },
        ] + speeds.map { name, value in OutputColumn(name) { value($0.speed) } } + [
            OutputColumn("queue_type") { .text($0.queueType) }, OutputColumn("parent_queue") { .text($0.parentQueue) },
            OutputColumn("windows") { .json(windows($0.windows)) },
            OutputColumn("version") { .integer($0.stamp?.version) },
            OutputColumn("created_at") { .time($0.stamp?.createdAt) },
            OutputColumn("updated_at") { .time($0.stamp?.updatedAt) },
        ],
        search: .scan("r.name || ' ' || r.description"),
        decode: { try BandwidthProfileRepository.profile($0) }
    )

    private static let speeds: [(name: String, value: @Sendable (SpeedProfile) -> FieldValue)] = [
        ("download_bps", { .integer($0.rate.download) }), ("upload_bps", { .integer($0.rate.upload) }),
        ("burst_download_bps", { .integer($0.burst?.rate.download) }),
        ("burst_upload_bps", { .integer($0.burst?.rate.upload) }),
        ("threshold_download_bps", { .integer($0.burst?.threshold.download) }),
        ("threshold_upload_bps", { .integer($0.burst?.threshold.upload) }),
        ("burst_seconds", { .integer($0.burst?.seconds) }), ("priority", { .integer($0.priority) }),
        ("guaranteed_download_bps", { .integer($0.guaranteed.download == 0 ? nil : $0.guaranteed.download) }),
        ("guaranteed_upload_bps", { .integer($0.guaranteed.upload == 0 ? nil : $0.guaranteed.upload) }),
    ]

    private static func windows(_ windows: [SpeedWindow]) -> String {
        var json = JSONWriter()
        json.beginArray()
        for window in windows {
            json.beginObject()
            json.key("days")
            json.value(window.days.text)
            json.key("start")
            json.value(SpeedWindow.clock(window.start))
            json.key("end")
            json.value(SpeedWindow.clock(window.end))
            for (name, value) in speeds {
                json.key(string: name)
                value(window.profile).write(to: &json)
            }
            json.endObject()
        }
        json.endArray()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
