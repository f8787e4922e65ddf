import Domain
import Persistence
import RouterOS

/// Does an operation on a router: looks what shall be so, and makes it so. Everything may be done twice.
struct RouterConduct: Sendable {
    /// Opens a service's password; nil where the keyring does not.
    let password: @Sendable (RouterFacts.Entry, TenantID) -> String?

    /// What came of it; nil where the client was stopped meanwhile: then nobody knows, and it is done again.
    func carryOut(
        _ operation: RouterOperation,
        _ facts: RouterFacts,
        on router: any CommandRunner,
        at now: Timestamp
    ) async -> RouterOperationAnswer? {
        do throws(RouterOSError) {
            return try await perform(operation, facts, router, now)
        } catch {
            return await Self.answer(error, router)
        }
    }

    private func perform(
        _ operation: RouterOperation,
        _ facts: RouterFacts,
        _ router: any CommandRunner,
        _ now: Timestamp
    ) async throws(RouterOSError) -> RouterOperationAnswer {
        // A service lives on one router: on any other there is an operation of its own that takes it away.
        let entry = operation.serviceID.flatMap { facts.services[$0] }
        let resident = entry.flatMap { $0.routerID == operation.deviceID ? $0 : nil }
        switch operation.kind {
        case .syncService:
            guard let resident else { return .needless }
            return try await sync(resident, operation.tenantID, router, now)
        case .removeService:
            return try await remove(operation, facts, resident, router, now)
        case .disconnectService:
            guard let resident else { return .needless }
            try await router.sessions.disconnect(resident.service.username)
            return .done
        case .syncProfile:
            guard let plan = operation.planID.flatMap({ facts.plans[$0] }) else { return .needless }
            try await router.profiles.put(Self.profile(plan))
            if try await router.profiles.rateLimit(plan.queuedProfileName) != nil {
                try await router.profiles.put(Self.queuedProfile(plan))
            }
            return .done
        }
    }

    // MARK: - Services

    private func sync(
        _ entry: RouterFacts.Entry,
        _ tenant: TenantID,
        _ router: any CommandRunner,
        _ now: Timestamp
    ) async throws(RouterOSError) -> RouterOperationAnswer {
        let service = entry.service
        let queue = RouterService.queueName(service.id)
        guard case .present(let wish) = RouterWish(service, at: now) else {
            try await router.secrets.remove(service.username)
            try await router.queues.remove(queue)
            try await router.sessions.disconnect(service.username)
            return .done
        }
        if !wish.isEnabled {
            // Who is to be kept out is, whatever else the router makes of him: it may know none of what his plan names.
            try await router.secrets.disable(service.username)
            try await router.sessions.disconnect(service.username)
        }
        guard let password = password(entry, tenant) else {
            return wish.isEnabled ? .impossible("password_unreadable") : .done
        }
        try await router.profiles.put(wish.hasQueue ? Self.queuedProfile(service.plan) : Self.profile(service.plan))
        if wish.address == nil, let found = try await router.secrets.find(service.username),
            found.remoteAddress?.isEmpty == false
        {
            // An address is not taken from a secret by saying nothing of it. A session that is up goes on.
            try await router.secrets.remove(service.username)
        }
        try await router.secrets.put(
            PPPSecret(
                name: service.username,
                password: password,
                profile: wish.profile,
                remoteAddress: wish.address?.description,
                comment: "nexora \(service.id)",
                isDisabled: !wish.isEnabled
            )
        )
        if wish.hasQueue, let address = wish.address {
            try await router.queues.put(Self.queue(service, address, isDisabled: !wish.isEnabled))
        } else {
            try await router.queues.remove(queue)
        }
        // A secret that is disabled keeps out who dials, not who is in.
        if !wish.isEnabled { try await router.sessions.disconnect(service.username) }
        return .done
    }

    private func remove(
        _ operation: RouterOperation,
        _ facts: RouterFacts,
        _ resident: RouterFacts.Entry?,
        _ router: any CommandRunner,
        _ now: Timestamp
    ) async throws(RouterOSError) -> RouterOperationAnswer {
        guard let name = operation.username, let serviceID = operation.serviceID else { return .needless }
        // The name may be another's by now, who was there before this came to its turn.
        if !facts.heldNames.contains(name) {
            try await router.secrets.remove(name)
            try await router.sessions.disconnect(name)
        }
        // The queue bears the service's id, and stays with a service that has another name only.
        if let resident, case .present = RouterWish(resident.service, at: now) { return .done }
        try await router.queues.remove(RouterService.queueName(serviceID))
        return .done
    }

    private static func queue(_ service: RouterService, _ address: IPAddress, isDisabled: Bool) -> SimpleQueue {
        SimpleQueue(
            name: RouterService.queueName(service.id),
            target: address.description,
            speed: service.plan.speed,
            parent: service.plan.parentQueue,
            queueType: service.plan.queueType,
            comment: "nexora \(service.id)",
            isDisabled: isDisabled
        )
    }

    // MARK: - Plans

    private static func profile(_ plan: RouterPlan) -> PPPProfile {
        PPPProfile(
            name: plan.profileName,
            speed: plan.speed,
            remoteAddress: plan.addressPool,
            dnsServers: plan.dnsServers,
            addressList: plan.addressList ?? "",
            parentQueue: plan.parentQueue ?? "none",
            queueType: plan.queueType,
            onlyOne: plan.hasOneSession,
            comment: plan.name
        )
    }

    /// Without speeds and parent: the service's queue has them.
    private static func queuedProfile(_ plan: RouterPlan) -> PPPProfile {
        var profile = profile(plan)
        profile.name = plan.queuedProfileName
        profile.speed = .unlimited
        profile.parentQueue = "none"
        return profile
    }

    // MARK: - What went wrong

    /// A router that is away is not to blame on the operation. One that answers right after a command that it did not answer is: that
    /// command would hold everything behind it up for ever.
    private static func answer(_ error: RouterOSError, _ router: any CommandRunner) async -> RouterOperationAnswer? {
        switch error.code {
        case .cancelled, .closed: return nil
        case .unreachable, .tls, .loginRefused, .resting, .busy: return .away(error.code.rawValue)
        case .connectionLost, .protocolViolation, .terminated, .timeout:
            guard error.wasSent else { return .away(error.code.rawValue) }
            do throws(RouterOSError) {
                _ = try await router.system.identity()
                return .refused(error.code.rawValue, detail: error.message)
            } catch {
                return error.code == .cancelled || error.code == .closed ? nil : .away(error.code.rawValue)
            }
        case .noSuchItem, .noSuchCommand, .alreadyExists, .invalidArgument, .notPermitted, .interrupted, .failure,
            .answerTooLarge:
            return .refused(error.code.rawValue, detail: error.message)
        }
    }
}
