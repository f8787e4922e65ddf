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
