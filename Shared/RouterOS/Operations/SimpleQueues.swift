package import Domain
import Profiles
import RADIUS

/// A limit on what goes to and from an address.
package struct SimpleQueue: Hashable, Sendable {
    package var name: String
    /// An address, a network, or an interface.
    package var target: String
    package var speed: SpeedProfile
    /// The queue that this one shares with others.
    package var parent: String?
    /// How what waits is ordered: one kind for both directions, or `up/down`.
    package var queueType: String?
    package var comment: String?
    package var isDisabled: Bool

    package init(
        name: String,
        target: String,
        speed: SpeedProfile,
        parent: String? = nil,
        queueType: String? = nil,
        comment: String? = nil,
        isDisabled: Bool = false
    ) {
        self.name = name
        self.target = target
        self.speed = speed
        self.parent = parent
        self.queueType = queueType
        self.comment = comment
        self.isDisabled = isDisabled
    }
}

/// `/queue/simple`. Everything here may be done twice. A pair is `upload/download`, as the target sees them.
package struct SimpleQueues: Sendable {
    private let menu: Menu

    package init(_ runner: any CommandRunner) { menu = Menu("/queue/simple", runner) }

    /// Makes the queue, or makes it so: limits that the profile does not have are taken away.
    @discardableResult
    package func put(_ queue: SimpleQueue) async throws(RouterOSError) -> RouterChange {
        var arguments = Arguments()
        arguments.add("target", RouterText.network(queue.target))
        for (name, value) in Self.limits(queue.speed) { arguments.add(name, value) }
        arguments.add("parent", queue.parent ?? "none")
        arguments.add("queue", queue.queueType.map(RouterText.queueTypes))
        arguments.add("comment", queue.comment)
        arguments.add("disabled", queue.isDisabled)
        return try await menu.put([("name", queue.name)], arguments.list)
    }

    /// False where there is none of that name.
    @discardableResult
    package func enable(_ name: String) async throws(RouterOSError) -> Bool { try await menu.enable([("name", name)]) }

    /// False where there is none of that name.
    @discardableResult
    package func disable(_ name: String) async throws(RouterOSError) -> Bool {
        try await menu.disable([("name", name)])
    }

    /// False where there was none of that name.
    @discardableResult
    package func remove(_ name: String) async throws(RouterOSError) -> Bool { try await menu.remove([("name", name)]) }

    /// Whole bits in a second, as the router shows them itself: what is there can then be compared.
    static func limits(_ profile: SpeedProfile) -> [(String, String)] {
        let limit = VendorSpeed.mikrotikRateLimit(profile)
        func pair(_ rates: MikroTikRateLimit.Pair<UInt64>?) -> String {
            rates.map { "\($0.upload)/\($0.download)" } ?? "0/0"
        }
        let seconds = limit?.burst?.seconds
        let priority = min(max(profile.priority, 1), 8)
        return [
            ("max-limit", pair(limit?.rate)), ("limit-at", pair(limit?.minimum)),
            ("burst-limit", pair(limit?.burst?.rate)),
            ("burst-threshold", pair(limit?.burst?.threshold)),
            ("burst-time", seconds.map { "\($0.upload)s/\($0.download)s" } ?? "0s/0s"),
            ("priority", "\(priority)/\(priority)"),
        ]
    }
}
