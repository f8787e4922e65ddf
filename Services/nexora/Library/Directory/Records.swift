import Domain
import Persistence

extension OutputRecord {
    /// A tenant.
    init(_ tenant: Tenant, names: [TenantID: String]) {
        self.init()
        add("id", .text(tenant.id.description))
        add("subdomain", .text(tenant.subdomain))
        add("name", .text(tenant.name))
        add("kind", .text(tenant.kind.rawValue))
        add("parent", .optional(tenant.parentID.map { names[$0] ?? $0.description }))
        add("isActive", .boolean(tenant.isActive))
        add("settings", (try? OutputValue(json: Array(tenant.settings.utf8))) ?? .text(tenant.settings), detail: true)
        add(tenant.stamp)
    }

    /// A NAS, without its secret.
    init(_ nas: NAS, names: [TenantID: String]) {
        self.init()
        add("id", .text(nas.id.description))
        add("tenant", .text(names[nas.tenantID] ?? nas.tenantID.description))
        add("name", .text(nas.name))
        add("address", .text(nas.address.description))
        add("identifier", .optional(nas.identifier))
        add("vendor", .text(nas.vendor.rawValue))
        add("coaPort", .integer(Int64(nas.coaPort)), detail: true)
        add("requireMessageAuthenticator", .boolean(nas.requireMessageAuthenticator), detail: true)
        add("limitProxyState", .boolean(nas.limitProxyState), detail: true)
        add("octetsSwapped", .boolean(nas.octetsSwapped), detail: true)
        add("ratchetsMessageAuthenticator", .boolean(nas.ratchetsMessageAuthenticator), detail: true)
        add("authRate", .optional(nas.authRate), detail: true)
        add("authBurst", .optional(nas.authBurst), detail: true)
        add("addressPool", .optional(nas.addressPool), detail: true)
        add("ipv6Pool", .optional(nas.ipv6Pool), detail: true)
        add("delegatedIPv6Pool", .optional(nas.delegatedIPv6Pool), detail: true)
        add("isActive", .boolean(nas.isActive))
        add(nas.stamp)
    }

    /// A device, without its password.
    init(_ device: Device, names: [TenantID: String]) {
        self.init()
        add("id", .text(device.id.description))
        add("tenant", .text(names[device.tenantID] ?? device.tenantID.description))
        add("name", .text(device.name))
        add("kind", .text(device.kind.rawValue))
        add("host", .text(device.host.description))
        add("status", .text(device.health.status.rawValue))
        add("lastSeenAt", .optional(device.health.lastSeenAt?.description))
        add("vendor", .text(device.vendor.rawValue), detail: true)
        add("port", .integer(Int64(device.port)), detail: true)
        add("usesTLS", .boolean(device.usesTLS), detail: true)
        add("certificateFingerprint", .optional(device.certificateFingerprint), detail: true)
        add("username", .optional(device.username), detail: true)
        add("credentialsSetAt", .optional(device.credentialsSetAt?.description), detail: true)
        add("location", .text(device.location), detail: true)
        add("tags", .list(device.tags.map { .text($0) }), detail: true)
        add("nasId", .optional(device.nasID?.description), detail: true)
        add("parentId", .optional(device.parentID?.description), detail: true)
        add("statusSince", .optional(device.health.since?.description), detail: true)
        add("checkedAt", .optional(device.health.checkedAt?.description), detail: true)
        add("lastError", .optional(device.health.lastError), detail: true)
        add("isActive", .boolean(device.isActive))
        add(device.stamp)
    }

    /// A plan, with its advanced settings where they are given.
    init(_ plan: Plan, names: [TenantID: String], advanced: PlanAdvancedSettings? = nil) {
        self.init()
        add("id", .text(plan.id.description))
        add("tenant", .text(names[plan.tenantID] ?? plan.tenantID.description))
        add("name", .text(plan.name))
        add("downloadBps", .integer(plan.downloadBitsPerSecond))
        add("uploadBps", .integer(plan.uploadBitsPerSecond))
        add("price", .text(plan.price.decimal))
        add("currency", .text(plan.price.currency.code))
        add("sessionLimit", .integer(Int64(plan.sessionLimit)))
        add("isActive", .boolean(plan.isActive))
        add("description", .text(plan.description), detail: true)
        add("features", .list(plan.features.map { .text($0) }), detail: true)
        add("sessionTimeoutSeconds", .optional(plan.sessionTimeoutSeconds), detail: true)
        add("idleTimeoutSeconds", .optional(plan.idleTimeoutSeconds), detail: true)
        add("interimIntervalSeconds", .integer(Int64(plan.interimIntervalSeconds)), detail: true)
        add("bandwidthProfile", .optional(plan.bandwidthProfileID?.description), detail: true)
        if let advanced { add("advanced", .record(OutputRecord(advanced)), detail: true) }
        add(plan.stamp)
    }

    /// A plan's advanced settings.
    init(_ settings: PlanAdvancedSettings) {
        self.init()
        add("burst", .boolean(settings.burstEnabled))
        add("burstDownloadBps", .optional(settings.burstDownload))
        add("burstUploadBps", .optional(settings.burstUpload))
        add("thresholdDownloadBps", .optional(settings.thresholdDownload))
        add("thresholdUploadBps", .optional(settings.thresholdUpload))
        add("burstSeconds", .optional(settings.burstSeconds))
        add("priority", .integer(Int64(settings.priority)))
        add("guaranteedDownloadBps", .optional(settings.guaranteedDownload))
        add("guaranteedUploadBps", .optional(settings.guaranteedUpload))
        add("maxConnections", .optional(settings.maxConnections))
        add("addressPool", .optional(settings.addressPool))
        add("ipv6Pool", .optional(settings.ipv6Pool))
        add("delegatedIPv6Pool", .optional(settings.delegatedIPv6Pool))
        add("dnsServers", .list(settings.dnsServers.map { .text($0.description) }))
        add("addressList", .optional(settings.addressList))
        add("transparentProxy", .boolean(settings.transparentProxy))
        add("queueType", .text(settings.queueType))
        add("parentQueue", .optional(settings.parentQueue))
    }

    /// A customer.
    init(_ customer: Customer, names: [TenantID: String]) {
        self.init()
        add("id", .text(customer.id.description))
        add("tenant", .text(names[customer.tenantID] ?? customer.tenantID.description))
        add("code", .text(customer.code))
        add("name", .text(customer.name))
        add("phone", .text(customer.phone))
        add("status", .text(customer.status.rawValue))
        add("email", .optional(customer.email), detail: true)
        add("address", .text(customer.address), detail: true)
        add("dueDay", .integer(Int64(customer.dueDay)), detail: true)
        add("notes", .text(customer.notes), detail: true)
        add(customer.stamp)
    }

    /// A service, without its password.
    init(_ service: Service, names: [TenantID: String], customer: String? = nil, plan: String? = nil) {
        self.init()
        add("id", .text(service.id.description))
        add("tenant", .text(names[service.tenantID] ?? service.tenantID.description))
        add("username", .text(service.username))
        add("kind", .text(service.kind.rawValue))
        add("status", .text(service.status.rawValue))
        add("customer", .text(customer ?? service.customerID.description), detail: customer == nil)
        add("plan", .text(plan ?? service.planID.description), detail: plan == nil)
        add("expiresAt", .optional(service.expiresAt?.description))
        add("sessionLimit", .optional(service.sessionLimit), detail: true)
        add("staticIPv4", .optional(service.staticIPv4?.description), detail: true)
        add("routerId", .optional(service.routerID?.description), detail: true)
        add("framedIPv6Prefix", .optional(service.framedIPv6Prefix?.description), detail: true)
        add("delegatedIPv6Prefix", .optional(service.delegatedIPv6Prefix?.description), detail: true)
        add("boundDevice", .optional(service.boundMAC?.description), detail: true)
        add("boundAt", .optional(service.boundAt?.description), detail: true)
        add("bindingGeneration", .integer(Int64(service.bindingGeneration)), detail: true)
        add(service.stamp)
    }

    /// A session.
    init(_ session: ListedSession, names: [TenantID: String]) {
        self.init()
        add("username", .text(session.username))
        add("nas", .text(session.nasName ?? session.nasID.description))
        add("address", .optional(session.framedIPv4))
        add("callingStationId", .text(session.callingStationID))
        add("startedAt", .text(session.startedAt.description))
        add("endedAt", .optional(session.endedAt?.description))
        add("closedBy", .optional(session.closedBy))
        add("seconds", .integer(session.seconds))
        add("uploadOctets", .integer(session.inputOctets))
        add("downloadOctets", .integer(session.outputOctets))
        add("id", .text(session.id.description), detail: true)
        add("tenant", .text(names[session.tenantID] ?? session.tenantID.description), detail: true)
        add("nasId", .text(session.nasID.description), detail: true)
        add("serviceId", .optional(session.serviceID?.description), detail: true)
        add("acctSessionId", .text(session.acctSessionID), detail: true)
        add("lastUpdateAt", .text(session.lastUpdateAt.description), detail: true)
        add("cursor", .text(SessionCursor(after: session).description), detail: true)
    }

    /// A dead letter; its payload where it is asked for.
    init(_ letter: BuriedMessage, names: [TenantID: String], withPayload: Bool = false) {
        self.init()
        add("id", .text(letter.id.description))
        add("tenant", .text(names[letter.tenantID] ?? letter.tenantID.description))
        add("failedAt", .text(letter.failedAt.description))
        add("subject", .text(letter.subject))
        add("reason", .text(letter.reason))
        add("replayedAt", .optional(letter.replayedAt?.description))
        add("stream", .text(letter.stream), detail: true)
        add("consumer", .text(letter.consumer), detail: true)
        add("messageId", .text(letter.messageID), detail: true)
        guard withPayload else { return }
        add("payload", (try? OutputValue(json: Array(letter.payload.utf8))) ?? .text(letter.payload), detail: true)
    }

    mutating func add(_ stamp: RowStamp?) {
        guard let stamp else { return }
        add("version", .integer(stamp.version), detail: true)
        add("createdAt", .text(stamp.createdAt.description), detail: true)
        add("updatedAt", .text(stamp.updatedAt.description), detail: true)
    }
}
