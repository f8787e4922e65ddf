/// Where a service is installed, with what, and how far that has come (CUS-08). Nothing that a login depends on.
package struct Installation: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case planned, scheduled, installed, cancelled
    }

    /// Where it is used, if not at the customer's own address.
    package var address: String?
    package var status: Status?
    /// The subscriber's device or ONU, as its maker numbers it.
    package var deviceSerial: String?
    package var deviceMAC: MACAddress?

    package init(
        address: String? = nil,
        status: Status? = nil,
        deviceSerial: String? = nil,
        deviceMAC: MACAddress? = nil
    ) {
        self.address = address
        self.status = status
        self.deviceSerial = deviceSerial
        self.deviceMAC = deviceMAC
    }

    func check(_ checks: inout FieldChecks) {
        checks.optional("service_address", address, maximum: 500, emptyAllowed: false)
        checks.optional("cpe_serial", deviceSerial, maximum: 100, emptyAllowed: false)
    }
}
