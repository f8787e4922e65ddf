package import Domain
import Profiles
import RADIUS

/// What secrets have in common: a plan, as the router knows it.
package struct PPPProfile: Hashable, Sendable {
    package var name: String
    package var speed: SpeedProfile
    /// An address or a pool's name; nil leaves what is there.
    package var localAddress: String?
    package var remoteAddress: String?
    package var dnsServers: [IPAddress]
    package var addressList: String?
    package var parentQueue: String?
    package var queueType: String?
    /// One session of a name at a time; nil leaves what is there.
    package var onlyOne: Bool?
    package var comment: String?

    package init(
        name: String,
        speed: SpeedProfile,
        localAddress: String? = nil,
        remoteAddress: String? = nil,
        dnsServers: [IPAddress] = [],
        addressList: String? = nil,
        parentQueue: String? = nil,
        queueType: String? = nil,
        onlyOne: Bool? = nil,
        comment: String? = nil
    ) {
        self.name = name
        self.speed = speed
        self.localAddress = localAddress
        self.remoteAddress = remoteAddress
        self.dnsServers = dnsServers
        self.addressList = addressList
        self.parentQueue = parentQueue
        self.queueType = queueType
        self.onlyOne = onlyOne
        self.comment = comment
    }

    /// What a plan's columns and its advanced settings say (MTK-07).
    package init(name: String, _ plan: Plan, _ settings: PlanAdvancedSettings?) {
        self.init(
            name: name,
            speed: SpeedProfile(plan, settings),
            remoteAddress: settings?.addressPool,
            dnsServers: settings?.dnsServers ?? [],
            addressList: settings?.addressList,
            parentQueue: settings?.parentQueue,
            queueType: settings?.queueType,
            onlyOne: plan.sessionLimit == 1
        )
    }
}

/// `/ppp/profile`. Everything here may be done twice.
package struct PPPProfiles: Sendable {
    private let menu: Menu

    package init(_ runner: any CommandRunner) { menu = Menu("/ppp/profile", runner) }

    /// Makes the profile, or makes it so. Sessions that are up keep the speed that they began with.
    @discardableResult
    package func put(_ profile: PPPProfile) async throws(RouterOSError) -> RouterChange {
        var arguments = Arguments()
        // An empty limit is none: it takes away what an earlier plan left.
        arguments.add("rate-limit", VendorSpeed.mikrotikRateLimit(profile.speed)?.text ?? "")
        arguments.add("local-address", profile.localAddress)
        arguments.add("remote-address", profile.remoteAddress)
        if !profile.dnsServers.isEmpty {
            arguments.add("dns-server", profile.dnsServers.map(\.description).joined(separator: ","))
        }
        arguments.add("address-list", profile.addressList)
        arguments.add("parent-queue", profile.parentQueue)
        arguments.add("queue-type", profile.queueType.map(RouterText.queueType))
        arguments.add("only-one", profile.onlyOne)
        arguments.add("comment", profile.comment)
        return try await menu.put([("name", profile.name)], arguments.list)
    }

    /// Its text of `rate-limit`, empty where it limits nothing; nil where there is no such profile.
    package func rateLimit(_ name: String) async throws(RouterOSError) -> String? {
        try await menu.find([("name", name)], listing: ["rate-limit"]).first.map { $0["rate-limit"] ?? "" }
    }

    /// False where there was none of that name. A profile that secrets use is theirs: the router refuses.
    @discardableResult
    package func remove(_ name: String) async throws(RouterOSError) -> Bool { try await menu.remove([("name", name)]) }
}
