import Crypto
import Domain
import RADIUS

/// An MS-CHAP login that was right, with what its Access-Accept must carry: the server's own proof (version 2) and the
/// MPPE keys (RFC 2548 §2.4).
struct MSCHAPSuccess {
    private enum Dialect {
        case version1(keys: [UInt8])
        case version2(success: [UInt8], send: [UInt8], receive: [UInt8])
    }

    private let dialect: Dialect

    /// Checks the request's response against the password; nil when it is wrong, malformed, or the library lacks what
    /// it takes.
    static func verify(_ view: PacketView, password: [UInt8], method: AuthenticationMethod) -> MSCHAPSuccess? {
        let type = method == .mschapv2 ? MicrosoftType.chap2Response : MicrosoftType.chapResponse
        guard
            let challenge = unsafe view.firstVendor(Vendor.microsoft, MicrosoftType.chapChallenge).map({
                unsafe Array($0)
            }),
            let response = unsafe view.firstVendor(Vendor.microsoft, type).map({ unsafe Array($0) })
        else { return nil }
        let userName = unsafe view.first(AttributeType.userName).map { unsafe Array($0) } ?? []
        do throws(CryptoError) {
            let hash = try MSCHAP.ntHash(password: password)
            if method == .mschap {
                guard try MSCHAP.verifyVersion1(response: response, challenge: challenge, ntHash: hash) else {
                    return nil
                }
                let keys = try MPPE.version1Keys(
                    lanManagerHash: MSCHAP.lanManagerHash(password: password),
                    ntHash: hash
                )
                return MSCHAPSuccess(dialect: .version1(keys: keys))
            }
            guard
                try MSCHAP.verifyVersion2(
                    response: response,
                    challenge: challenge,
                    userName: userName,
                    ntHash: hash
                ),
                let success = try MSCHAP.success(
                    response: response,
                    challenge: challenge,
                    userName: userName,
                    ntHash: hash
                )
            else { return nil }
            let master = MPPE.masterKey(
                ntHashHash: try MSCHAP.ntHashHash(hash),
                ntResponse: Array(response[26...])
            )
            return MSCHAPSuccess(
                dialect: .version2(
                    success: success,
                    send: MPPE.startKey(masterKey: master, .serverSend),
                    receive: MPPE.startKey(masterKey: master, .serverReceive)
                )
            )
        } catch {
            return nil
        }
    }

    /// Appends the attributes of the login's dialect.
    func append(to reply: inout ReplyWriter, view: PacketView, nas: NASEntry) {
        let authenticator = unsafe Array(view.authenticator)
        switch dialect {
        case .version1(let keys):
            if let hidden = UserPassword.encrypt(
                password: keys,
                requestAuthenticator: authenticator,
                secret: nas.secret.context
            ) {
                reply.appendVendor(vendor: Vendor.microsoft, type: MicrosoftType.chapMPPEKeys, hidden)
            }
        case .version2(let success, let send, let receive):
            reply.appendVendor(vendor: Vendor.microsoft, type: MicrosoftType.chap2Success, success)
            MPPEReply.appendKeys(send: send, receive: receive, authenticator, nas, to: &reply)
        }
        MPPEReply.appendPolicy(to: &reply)
    }
}

/// The MPPE attributes of an Access-Accept (RFC 2548 §2.4).
enum MPPEReply {
    /// Both encryption policies and the 40 and 128 bit types are allowed, as NASes expect.
    private static let policyAllowed: UInt32 = 1
    private static let types40And128: UInt32 = 6

    /// Which encryption the NAS may use on the link.
    static func appendPolicy(to reply: inout ReplyWriter) {
        reply.appendVendor(vendor: Vendor.microsoft, type: MicrosoftType.mppeEncryptionPolicy, policyAllowed)
        reply.appendVendor(vendor: Vendor.microsoft, type: MicrosoftType.mppeEncryptionTypes, types40And128)
    }

    /// Both keys, hidden under the request's authenticator.
    static func appendKeys(
        send: [UInt8],
        receive: [UInt8],
        _ authenticator: [UInt8],
        _ nas: NASEntry,
        to reply: inout ReplyWriter
    ) {
        let salt = SaltEncryption.randomSalt()
        append(send, MicrosoftType.mppeSendKey, salt, authenticator, nas, to: &reply)
        // Each salt of a packet is its own (RFC 2548 §2.4.2).
        append(receive, MicrosoftType.mppeReceiveKey, salt ^ 1, authenticator, nas, to: &reply)
    }

    private static func append(
        _ key: [UInt8],
        _ type: UInt8,
        _ salt: UInt16,
        _ authenticator: [UInt8],
        _ nas: NASEntry,
        to reply: inout ReplyWriter
    ) {
        guard
            let hidden = SaltEncryption.encrypt(
                key,
                salt: salt,
                requestAuthenticator: authenticator,
                secret: nas.secret.context
            )
        else { return }
        reply.appendVendor(vendor: Vendor.microsoft, type: type, hidden)
    }
}
