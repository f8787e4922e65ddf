import Domain
import Events

/// What is told of devices.
enum DeviceSamples {
    static let device = DeviceID(Samples.id(31))

    static let events: [Samples.Sample] =
        [
            Samples.sample("DeviceChanged", DeviceChanged(deviceID: device, version: .max, deleted: true), bare: false),
            Samples.sample("DeviceChanged.minimal", DeviceChanged(deviceID: device, version: 0)),
            Samples.sample(
                "DeviceStatusChanged",
                DeviceStatusChanged(
                    deviceID: device,
                    deviceName: "tower \"north\"",
                    kind: "router",
                    status: .offline,
                    before: .online,
                    at: Samples.time,
                    lastSeenAt: Samples.time + .seconds(-90),
                    reason: "timed_out",
                    nasID: Samples.nas
                ),
                bare: false
            ),
            Samples.sample(
                "RouterOperationEnded",
                RouterOperationEnded(
                    routerOperationID: RouterOperationID(Samples.id(32)),
                    deviceID: device,
                    kind: "sync_service",
                    outcome: "failed",
                    reason: "failure",
                    serviceID: Samples.service,
                    planID: PlanID(Samples.id(33)),
                    operationID: Samples.event.value,
                    attempts: 3,
                    endedAfter: 9_007_199_254_740_993
                ),
                bare: false
            ),
            Samples.sample(
                "RouterOperationEnded.minimal",
                RouterOperationEnded(
                    routerOperationID: RouterOperationID(Samples.id(32)),
                    deviceID: device,
                    kind: "",
                    outcome: ""
                )
            ),
        ]
        + [(DeviceStatus.online, DeviceStatus.unknown), (.unknown, .offline)].map { status, before in
            Samples.sample(
                "DeviceStatusChanged.\(status)",
                DeviceStatusChanged(
                    deviceID: device,
                    deviceName: "",
                    kind: "",
                    status: status,
                    before: before,
                    at: Samples.time
                )
            )
        }
}
