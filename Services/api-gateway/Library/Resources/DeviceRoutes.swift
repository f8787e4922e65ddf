import Domain
import HTTPServer
import Persistence

extension Resource where Row == Device {
    static let devices = Resource(
        .devices,
        path: "/api/v1/devices",
        noun: ("Device", "Devices"),
        tag: "devices",
        auditType: "device",
        read: .devicesRead,
        own: .none,
        id: { $0.id.description },
        owner: { RecordOwner(tenantID: $0.tenantID) },
        version: { $0.stamp?.version },
        standing: { $0.health.checkedAt?.microseconds },
        schemas: [
            "name": .text(100), "kind": .choice(DeviceKind.allCases.map(\.rawValue)),
            "vendor": .choice(DeviceVendor.allCases.map(\.rawValue)), "host": .text(253),
            "port": .integer(1...65_535), "uses_tls": .boolean, "location": .text(200), "tags": .list(.text()),
            "status": .choice(DeviceStatus.allCases.map(\.rawValue)),
        ]
    ) { transaction, id, _ in try await DeviceRepository(transaction).find(DeviceID(id)) }
}

/// What a body says about a device.
struct DeviceInput: Sendable {
    var tenant: TenantID?
    var device: Device
    /// Nil where a body takes it away or says nothing of it.
    var password: String?

    private static let common: [InputField<DeviceInput>] = [
        InputField("name", .text(100, minimum: 1), \.device.name, isRequired: true),
        InputField("kind", .choice(), \.device.kind, isRequired: true),
        InputField("vendor", .choice(), \.device.vendor),
        InputField("host", .host, \.device.host, isRequired: true),
        InputField("port", .whole(1...65_535), \.device.port),
        InputField("uses_tls", .flag, \.device.usesTLS),
        InputField("certificate_fingerprint", .fingerprint, clearable: \.device.certificateFingerprint),
        InputField("username", .text(100, minimum: 1), clearable: \.device.username),
        InputField("password", .text(128, minimum: 1), clearable: \.password),
        InputField("location", .text(200), \.device.location),
        InputField("tags", InputKind.text(50, minimum: 1).list(50), \.device.tags),
        InputField("nas_id", .id(), clearable: \.device.nasID),
        InputField("parent_id", .id(), clearable: \.device.parentID),
        InputField("is_active", .flag, \.device.isActive),
    ]

    static let creation = InputShape([InputField("tenant_id", .id(), clearable: \DeviceInput.tenant)] + common)
    static let change = InputShape(common)
}

extension InputKind where Value == NetworkHost {
    static var host: InputKind {
        let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        let last = "[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        return InputKind(
            .text(minimum: 1, maximum: 253, pattern: "^(\(TextPatterns.address)|(\(label)\\.)*\(last))$"),
            "an IP address or a host name"
        ) { $0.text.flatMap { NetworkHost($0) } }
    }
}

extension InputKind where Value == String {
    static var fingerprint: InputKind {
        InputKind(
            .text(pattern: "^([0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31})$"),
            "the SHA-256 of a certificate in hexadecimal"
        ) { $0.text.flatMap { Device.fingerprint($0) } }
    }
}

/// Devices, how they are reached and whether they answer (DEV-01 to DEV-04, MTK-01). Their passwords go in and never come out.
struct DeviceRoutes {
    private let parts: Parts
    private let devices = Resource<Device>.devices

    init(_ parts: Parts) { self.parts = parts }

    var routes: [GatewayRoute] {
        get throws { try devices.reading(parts) + [create(), update(), delete()] }
    }

    private func create() throws -> GatewayRoute {
        try devices.create(parts, .devicesCreate, body: DeviceInput.creation.schema(isWhole: true)) { body, work in
            var input = DeviceInput(device: .blank)
            try DeviceInput.creation.apply(body, to: &input, isWhole: true)
            return try await DeviceWriter(work.transaction, ids: work.parts.ids).create(
                input.device,
                tenant: try work.caller.principal.target(input.tenant),
                password: input.password.map { Array($0.utf8) },
                secrets: work.parts.secrets
            )
        }
    }

    private func update() throws -> GatewayRoute {
        try devices.update(parts, .devicesUpdate, body: DeviceInput.change.schema(isWhole: false)) {
            id,
            version,
            body,
            work in
            let writer = DeviceWriter(work.transaction, ids: work.parts.ids)
            return try await writer.update(DeviceID(id), expecting: version, secrets: work.parts.secrets) { device in
                var input = DeviceInput(device: device)
                try DeviceInput.change.apply(body, to: &input, isWhole: false)
                device = input.device
                guard body.has("password") else { return .kept }
                return input.password.map { .replaced(Array($0.utf8)) } ?? .removed
            }
        }
    }

    private func delete() throws -> GatewayRoute {
        try devices.delete(parts, .devicesDelete) { id, version, work in
            try await DeviceWriter(work.transaction, ids: work.parts.ids).delete(DeviceID(id), expecting: version)
        }
    }
}

extension JSONValue {
    /// Whether it is an object with that member, `null` included.
    fileprivate func has(_ member: String) -> Bool {
        if case .object(let members) = self { members[member] != nil } else { false }
    }
}

extension Device {
    /// Before anything is said about it.
    static let blank = Device(
        tenantID: TenantID(.zero),
        id: DeviceID(.zero),
        name: "",
        kind: .other,
        host: .address(Domain.IPAddress(ipv4: 0))
    )
}
