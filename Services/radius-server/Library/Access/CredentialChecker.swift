import Crypto
import Domain
import RADIUS

/// Finds the service that a request names and checks what it proves itself with. Confined to one thread; PAP, CHAP and
/// MAC allocate nothing.
final class CredentialChecker {
    /// Whom a request is about; `index` is the record in the directory's table.
    struct Subject {
        let index: Int?
        let isMAC: Bool
    }

    /// What checking gave, and what an answer in the same dialect needs.
    struct Login {
        var facts: AccessFacts
        let method: AuthenticationMethod
        fileprivate var keys: MSCHAPSuccess?

        /// The keys of an accepted MS-CHAP login, once.
        mutating func takeKeys() -> MSCHAPSuccess? {
            defer { keys = nil }
            return keys
        }

        /// MS-CHAP-Error for a refused MS-CHAP login: no retry, a fresh challenge (RFC 2759 §6).
        func appendFailure(to reply: inout ReplyWriter, reason: RejectReason) {
            guard method == .mschap || method == .mschapv2 else { return }
            let failure: MSCHAP.Failure =
                switch reason {
                case .serviceSuspended, .customerSuspended, .serviceTerminated, .customerTerminated, .tenantInactive:
                    .accountDisabled
                case .serviceExpired: .passwordExpired
                default: .authenticationFailure
                }
            let value = MSCHAP.error(
                identifier: failureIdentifier,
                failure,
                mayRetry: false,
                challenge: Randomness.bytes(method == .mschap ? 8 : 16),
                message: "\(reason.message)"
            )
            reply.appendVendor(vendor: Vendor.microsoft, type: MicrosoftType.chapError, value)
        }

        fileprivate var failureIdentifier: UInt8 = 0

        fileprivate init(facts: AccessFacts, method: AuthenticationMethod) {
            self.facts = facts
            self.method = method
        }
    }

    private static let callCheck: UInt32 = 10
    private let scratch = PasswordScratch()

    /// Looks up User-Name in the NAS's tenant (TEN-13); a MAC address in any spelling is looked up as MAC service too.
    func find(_ view: PacketView, tenant: UInt32, directory: Directory) -> Subject {
        guard let name = unsafe view.first(AttributeType.userName) else { return Subject(index: nil, isMAC: false) }
        return unsafe find(name, tenant: tenant, directory: directory)
    }

    /// Looks up a name in a tenant, as `find(_:tenant:directory:)` does.
    func find(_ name: UnsafeRawBufferPointer, tenant: UInt32, directory: Directory) -> Subject {
        guard name.count > 0 else { return Subject(index: nil, isMAC: false) }
        if let index = unsafe directory.subscribers.find(tenant: tenant, username: name) {
            return Subject(index: index, isMAC: directory.subscribers.records[index].kind == .mac)
        }
        guard let mac = unsafe MACAddress(name) else { return Subject(index: nil, isMAC: false) }
        let found = unsafe mac.withText { unsafe directory.subscribers.find(tenant: tenant, username: $0) }
        guard let found, directory.subscribers.records[found].kind == .mac else {
            return Subject(index: nil, isMAC: false)
        }
        return Subject(index: found, isMAC: true)
    }

    /// Checks the credential and gathers the facts for the decision.
    func check(_ view: PacketView, subject: Subject, nas: NASEntry, directory: Directory) -> Login {
        let method = Self.method(of: view, subject: subject)
        var login = Login(facts: facts(of: subject, tenant: nas.tenant, directory: directory), method: method)
        login.failureIdentifier = identifier(view)
        guard let index = subject.index else { return login }
        login.facts.credential = unsafe directory.subscribers.withPassword(index) { password in
            unsafe credential(view, method, password, nas, &login)
        }
        return login
    }

    /// What the directory knows of a subject; its credential counts as missing until somebody checked it.
    func facts(of subject: Subject, tenant: UInt32, directory: Directory) -> AccessFacts {
        let tenantActive = directory.tenants[Int(tenant)].isActive
        guard let index = subject.index else { return AccessFacts(tenantActive: tenantActive, serviceKnown: false) }
        let record = directory.subscribers.records[index]
        let plan = directory.plan(record.plan)
        return AccessFacts(
            tenantActive: tenantActive,
            serviceKnown: true,
            serviceStatus: record.serviceStatus,
            customerStatus: record.customerStatus,
            planKnown: plan != nil,
            expiresAt: record.expiresAt == SubscriberRecord.never
                ? nil : Timestamp(microseconds: record.expiresAt),
            restriction: record.restriction.access,
            planSessionTimeout: plan?.row?.sessionTimeout,
            hasWalledGarden: directory.walledGardenPlan(tenant) != nil
        )
    }

    /// False where Calling-Station-Id names another device than the MAC address `name` does.
    static func isDevice(_ name: UnsafeRawBufferPointer, of view: PacketView) -> Bool {
        guard let address = unsafe MACAddress(name), let calling = unsafe view.first(AttributeType.callingStationID),
            let other = unsafe MACAddress(calling)
        else { return true }
        return other == address
    }

    // MARK: - Private

    private static func method(of view: PacketView, subject: Subject) -> AuthenticationMethod {
        if subject.isMAC { return .mac }
        if view.contains(AttributeType.vendorSpecific) {
            if unsafe view.firstVendor(Vendor.microsoft, MicrosoftType.chap2Response) != nil { return .mschapv2 }
            if unsafe view.firstVendor(Vendor.microsoft, MicrosoftType.chapResponse) != nil { return .mschap }
        }
        if view.contains(AttributeType.chapPassword) { return .chap }
        if view.contains(AttributeType.userPassword) { return .pap }
        return .unsupported
    }

    private func credential(
        _ view: PacketView,
        _ method: AuthenticationMethod,
        _ password: UnsafeRawBufferPointer?,
        _ nas: NASEntry,
        _ login: inout Login
    ) -> CredentialCheck {
        if method == .unsupported { return .unsupported }
        if method == .mac { return mac(view, nas) }
        // An empty password is none: it must never match an empty request.
        guard let password = unsafe password, password.count > 0 else { return .missing }
        switch method {
        case .pap: return unsafe pap(view, password, nas)
        case .chap: return unsafe chap(view, password)
        case .mschap, .mschapv2:
            guard let success = unsafe MSCHAPSuccess.verify(view, password: Array(password), method: method) else {
                return .differs
            }
            login.keys = success
            return .matches
        case .mac, .eapMD5, .eapMSCHAPv2, .unsupported: return .unsupported
        }
    }

    private func pap(_ view: PacketView, _ password: UnsafeRawBufferPointer, _ nas: NASEntry) -> CredentialCheck {
        guard let hidden = unsafe view.first(AttributeType.userPassword) else { return .missing }
        guard
            let length = unsafe UserPassword.decrypt(
                hidden: hidden,
                requestAuthenticator: view.authenticator,
                secret: nas.secret.context,
                into: scratch.octets
            )
        else { return .differs }
        guard length > 0 else { return .missing }
        let sent = unsafe UnsafeRawBufferPointer(rebasing: scratch.octets[..<length])
        return unsafe constantTimeEquals(sent, password) ? .matches : .differs
    }

    private func chap(_ view: PacketView, _ password: UnsafeRawBufferPointer) -> CredentialCheck {
        guard let response = unsafe view.first(AttributeType.chapPassword) else { return .missing }
        let challenge = unsafe view.first(AttributeType.chapChallenge) ?? view.authenticator
        return unsafe CHAP.verify(response: response, challenge: challenge, password: password) ? .matches : .differs
    }

    /// A MAC login proves nothing but the address: the NAS says so by Service-Type Call-Check, or by a password equal to
    /// the user name. Calling-Station-Id, where sent, must be the same device.
    private func mac(_ view: PacketView, _ nas: NASEntry) -> CredentialCheck {
        guard let name = unsafe view.first(AttributeType.userName), unsafe MACAddress(name) != nil else {
            return .differs
        }
        guard unsafe Self.isDevice(name, of: view) else { return .otherDevice }
        if view.uint32(AttributeType.serviceType) == Self.callCheck { return .matches }
        if view.contains(AttributeType.userPassword) { return unsafe pap(view, name, nas) }
        if view.contains(AttributeType.chapPassword) { return unsafe chap(view, name) }
        return .missing
    }

    private func identifier(_ view: PacketView) -> UInt8 {
        guard view.contains(AttributeType.vendorSpecific) else { return 0 }
        let response =
            unsafe view.firstVendor(Vendor.microsoft, MicrosoftType.chap2Response)
            ?? view.firstVendor(Vendor.microsoft, MicrosoftType.chapResponse)
        return unsafe response?.first ?? 0
    }
}

/// Where a clear password stands while it is compared. Confined to one thread.
@safe final class PasswordScratch {
    let octets: UnsafeMutableRawBufferPointer

    init() { unsafe octets = .allocate(byteCount: UserPassword.maximumLength, alignment: 16) }

    deinit { unsafe octets.deallocate() }
}

/// Types of the Microsoft vendor (RFC 2548).
enum MicrosoftType {
    static let chapResponse: UInt8 = 1
    static let chapError: UInt8 = 2
    static let mppeEncryptionPolicy: UInt8 = 7
    static let mppeEncryptionTypes: UInt8 = 8
    static let chapChallenge: UInt8 = 11
    static let chapMPPEKeys: UInt8 = 12
    static let mppeSendKey: UInt8 = 16
    static let mppeReceiveKey: UInt8 = 17
    static let chap2Response: UInt8 = 25
    static let chap2Success: UInt8 = 26
    static let primaryDNS: UInt8 = 28
    static let secondaryDNS: UInt8 = 29
}
