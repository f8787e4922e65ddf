import Crypto
import Domain
import RADIUS

/// Writes an Access-Accept: Message-Authenticator first, the plan's attributes, the subscriber's own, Class, keys.
enum AcceptReply {
    /// Returns the length; 0 when it did not fit.
    static func write(
        into room: UnsafeMutableRawBufferPointer,
        view: PacketView,
        nas: NASEntry,
        subscriber: Int?,
        directory: Directory,
        sessionTimeout: UInt32?,
        admission: UUID128,
        keys: MSCHAPSuccess?,
        eap: EAPAccept? = nil
    ) -> Int {
        guard let subscriber else { return 0 }
        let record = directory.subscribers.records[subscriber]
        var reply = unsafe ReplyWriter(into: room, code: .accessAccept, identifier: view.identifier)
        eap?.appendPacket(to: &reply)
        unsafe directory.plan(record.plan)?.withTemplate(nas.vendor) { unsafe reply.appendRaw($0) }
        if let sessionTimeout { reply.append(type: AttributeType.sessionTimeout, sessionTimeout) }
        if record.staticIPv4 != 0 { reply.append(type: AttributeType.framedIPAddress, record.staticIPv4) }
        if let prefixes = directory.subscribers.prefixes(subscriber) {
            if let framed = prefixes.framed { reply.append(type: AttributeType.framedIPv6Prefix, framed) }
            if let delegated = prefixes.delegated { reply.append(type: AttributeType.delegatedIPv6Prefix, delegated) }
        }
        AdmissionClass(
            decisionVersion: AccessDecision.version,
            admissionID: admission,
            serviceID: record.serviceID
        ).append(to: &reply)
        keys?.append(to: &reply, view: view, nas: nas)
        eap?.appendKeys(to: &reply, view: view, nas: nas)
        reply.copyProxyState(from: view)
        return unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
    }
}

/// Writes an Access-Reject with what the subscriber may know of its reason (RAD-13).
enum RejectReply {
    static func write(
        into room: UnsafeMutableRawBufferPointer,
        view: PacketView,
        nas: NASEntry,
        reason: RejectReason,
        login: CredentialChecker.Login
    ) -> Int {
        var reply = unsafe ReplyWriter(into: room, code: .accessReject, identifier: view.identifier)
        reason.message.withUTF8Buffer {
            unsafe reply.append(type: AttributeType.replyMessage, UnsafeRawBufferPointer($0))
        }
        login.appendFailure(to: &reply, reason: reason)
        reply.copyProxyState(from: view)
        return unsafe reply.finish(requestAuthenticator: unsafe view.authenticator, secret: nas.secret.context)
    }
}
