package import Domain

/// Changes devices of one scope.
package struct DeviceWriter {
    private let devices: DeviceRepository
    private let ids: IDGenerator

    /// Writes in that transaction.
    package init(_ transaction: ScopedTransaction, ids: IDGenerator) {
        devices = DeviceRepository(transaction)
        self.ids = ids
    }

    /// What becomes of a device's password.
    package enum Password: Sendable {
        case kept
        case replaced([UInt8])
        case removed
    }

    /// Stores a new device. Throws `alreadyExists` of `devices_of_nas` where another one is that NAS, `stillReferenced` where NAS or
    /// parent are not there, and `refused` of `devices_no_cycle` below 64 others.
    package func create(
        _ device: Device,
        tenant: TenantID,
        password: [UInt8]?,
        secrets: DirectorySecrets
    ) async throws -> Change<Device> {
        var device = device
        device.tenantID = tenant
        device.id = ids.next()
        try device.validate()
        let sealed = try password.map { try Self.seal($0, of: device, secrets) }
        try await devices.insert(device, sealedPassword: sealed)
        return Change(before: nil, after: try await devices.find(device.id).found())
    }

    /// Changes what `edit` changes. What checks found is forgotten where the device is reached elsewhere from now on, or is checked no
    /// more, or again. Throws as `create`, and `VersionConflict` where the device has another version than expected.
    package func update(
        _ id: DeviceID,
        expecting version: Int64? = nil,
        secrets: DirectorySecrets,
        _ edit: (inout Device) throws -> Password
    ) async throws -> Change<Device> {
        let before = try await devices.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        var device = before
        let password = try edit(&device)
        device.tenantID = before.tenantID
        device.id = id
        try device.validate()
        let sealed: [UInt8]? =
            if case .replaced(let clear) = password { try Self.seal(clear, of: device, secrets) } else { nil }
        if before.isRouterOS, !device.isRouterOS, try await devices.dependents(of: before).services > 0 {
            let field = device.kind == .router ? "vendor" : "kind"
            throw ValidationError.single(field, .conflicts(reason: "must stay: services live on the router"))
        }
        try await devices.update(device)
        switch password {
        case .kept: break
        case .replaced, .removed: try await devices.replacePassword(of: device, sealed: sealed)
        }
        if (device.host, device.port, device.isActive) != (before.host, before.port, before.isActive) {
            try await devices.forgetHealth(of: device)
        }
        return Change(before: before, after: try await devices.find(id).found())
    }

    /// Removes a device on which nothing depends; throws what does.
    package func delete(_ id: DeviceID, expecting version: Int64? = nil) async throws -> Change<Device> {
        let before = try await devices.find(id, forUpdate: true).found()
        try VersionConflict.check(version, before.stamp?.version)
        let dependents = try await devices.dependents(of: before)
        guard dependents.isEmpty else { throw dependents }
        try await devices.remove(before)
        return Change(before: before, after: nil)
    }

    private static func seal(_ password: [UInt8], of device: Device, _ secrets: DirectorySecrets) throws -> [UInt8] {
        guard (1...128).contains(password.count) else {
            throw ValidationError.single("password", .outOfRange(minimum: 1, maximum: 128))
        }
        guard !password.contains(0) else {
            throw ValidationError.single("password", .malformed(expected: "text without NUL"))
        }
        return try secrets.seal(password: password, of: device.id, tenant: device.tenantID)
    }
}
