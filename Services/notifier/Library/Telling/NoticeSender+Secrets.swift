import Domain
import Notices
import Observability
import Persistence

extension NoticeSender {
    /// What comes of looking a code up.
    enum OpenedCode: Sendable {
        case ready(code: String, address: String)
        case ends(NoticeRecord.State, String)
    }

    /// What comes of looking a link up.
    enum OpenedLink: Sendable {
        case ready(url: String)
        case ends(NoticeRecord.State, String)
    }

    /// The address that a notice's link has, as long as it is open and its user still reads there.
    func open(link id: OneTimeLinkID, of notice: ClaimedNotice) async throws(StorageFault) -> OpenedLink {
        guard let link = try await reading.link(id, in: notice.tenantID), link.isOpen, let sealed = link.sealedToken,
            link.expiresAt > time.now(), link.userID.value == notice.recipientID,
            link.email.lowercased() == notice.address?.lowercased()
        else { return .ends(.dropped, "link_gone") }
        guard let token = try? openToken(sealed, id, notice.tenantID) else {
            logger.error("the keyring does not open a link's token", ["notice": .string("\(notice.id)")])
            return .ends(.failed, "sealed")
        }
        return .ready(url: scribe.url(of: link.purpose, token: token))
    }

    /// The code that a notice carries, with where it goes, as long as it is good for anything there.
    func open(code id: LoginCodeID, of notice: ClaimedNotice) async throws(StorageFault) -> OpenedCode {
        guard let code = try await reading.code(id, in: notice.tenantID), code.isOpen, let sealed = code.sealedCode,
            code.expiresAt > time.now(), code.userID.value == notice.recipientID,
            code.way.rawValue == notice.channel
        else { return .ends(.dropped, "code_gone") }
        guard let text = try? openCode(sealed, id, notice.tenantID) else {
            logger.error("the keyring does not open a code", ["notice": .string("\(notice.id)")])
            return .ends(.failed, "sealed")
        }
        return .ready(code: text, address: code.address)
    }
}
