import Domain
import HTTPServer
import Persistence

extension Resource where Row == BandwidthProfile {
    static let bandwidthProfiles = Resource(
        .bandwidthProfiles,
        path: "/api/v1/bandwidth-profiles",
        noun: ("BandwidthProfile", "BandwidthProfiles"),
        tag: "plans",
        auditType: "bandwidth_profile",
        read: .profilesRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.stamp?.version },
        schemas: Dictionary(
            uniqueKeysWithValues: [("name", Schema.text(100)), ("description", .text()), ("queue_type", .text())]
                + speeds + [("windows", .list(.object(window)))]
        ),
        cached: .bandwidthProfile
    ) { transaction, id, _ in try await BandwidthProfileRepository(transaction).find(BandwidthProfileID(id)) }

    private static let speeds: [(String, Schema)] = {
        let speed = Schema.integer(1...Int64.max)
        return [("download_bps", speed), ("upload_bps", speed)]
            + [
                "burst_download_bps", "burst_upload_bps", "threshold_download_bps", "threshold_upload_bps",
            ].map { ($0, .nullable(speed)) }
            + [
                ("burst_seconds", .nullable(speed)), ("priority", .integer(1...8)),
                ("guaranteed_download_bps", .nullable(speed)), ("guaranteed_upload_bps", .nullable(speed)),
            ]
    }()

    private static let window: [Schema.Property] =
        ["days", "start", "end"].map { Schema.Property($0, .text()) } + speeds.map { Schema.Property($0.0, $0.1) }
}

/// Named sets of speeds with their hours of the week, for any number of plans (RAD-18, PLN-10). radius-server has a change at
/// once: it is announced as one of the plans that refer to the profile.
struct ProfileRoutes {
    private let parts: Parts
    private let profiles = Resource<BandwidthProfile>.bandwidthProfiles

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] { get throws { try profiles.reading(parts) + [create(), update(), delete()] } }

    private func create() throws -> GatewayRoute {
        try profiles.create(parts, .profilesCreate, body: ProfileInput.creation.schema(isWhole: true)) { body, work in
            var input = ProfileInput(.blank)
            try input.apply(body, isWhole: true)
            let wanted = input.profile
            return try await BandwidthProfileWriter(work.transaction, ids: work.parts.ids).create(
                tenant: try work.caller.principal.target(input.tenant),
                speed: wanted.speed
            ) { $0 = wanted }
        }
    }

    private func update() throws -> GatewayRoute {
        try profiles.update(parts, .profilesUpdate, body: ProfileInput.change.schema(isWhole: false)) {
            id,
            version,
            body,
            work in
            try await BandwidthProfileWriter(work.transaction, ids: work.parts.ids)
                .update(BandwidthProfileID(id), expecting: version) {
                    var input = ProfileInput($0)
                    try input.apply(body, isWhole: false)
                    $0 = input.profile
                }
        }
    }

    private func delete() throws -> GatewayRoute {
        try profiles.delete(parts, .profilesDelete) { id, version, work in
            try await BandwidthProfileWriter(work.transaction, ids: work.parts.ids)
                .delete(BandwidthProfileID(id), expecting: version)
        }
    }
}

extension BandwidthProfile {
    /// Before anything is said about it.
    static let blank = BandwidthProfile(
        tenantID: TenantID(.zero),
        id: BandwidthProfileID(.zero),
        name: "",
        speed: SpeedProfile(rate: SpeedPair(download: 0, upload: 0))
    )
}
