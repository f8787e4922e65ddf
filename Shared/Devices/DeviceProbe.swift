package import Domain

/// Where a device is asked whether it is there.
package struct DeviceTarget: Hashable, Sendable {
    package var host: NetworkHost
    package var port: UInt16

    package init(host: NetworkHost, port: UInt16) {
        self.host = host
        self.port = port
    }
}

/// Asks devices whether they are there.
package protocol DeviceProbe: Sendable {
    /// One result for each target, in their order; never later than its own limit allows for all of them together.
    func check(_ targets: [DeviceTarget]) async -> [DeviceCheckResult]
}
