import Domain
import Notices
import Persistence

/// The queue, as who sends sees it.
protocol NoticeQueueing: Sendable {
    func claim(_ share: NoticeShare, at now: Timestamp, until: Timestamp) async throws(StorageFault) -> [ClaimedNotice]
    @discardableResult
    func record(_ records: [NoticeRecord], at now: Timestamp) async throws(StorageFault) -> Set<NoticeID>
    @discardableResult
    func lapse(at now: Timestamp, limit: Int) async throws(StorageFault) -> Int
    @discardableResult
    func expire(at now: Timestamp, limit: Int) async throws(StorageFault) -> Int
    @discardableResult
    func prune(before time: Timestamp, limit: Int) async throws(StorageFault) -> Int
    func depth() async throws(StorageFault) -> [Int: Int]
}

extension NoticeQueue: NoticeQueueing {}

/// What stands behind notices.
protocol NoticeReading: Sendable {
    func standings(of questions: [NoticeQuestion]) async throws(StorageFault) -> [NoticeStanding]
    func verdict(on subject: NoticeSubject, in tenant: TenantID, recipient: UUID128, at now: Timestamp)
        async throws(StorageFault) -> NoticeVerdict
    func link(_ id: OneTimeLinkID, in tenant: TenantID) async throws(StorageFault) -> NoticeLink?
    func code(_ id: LoginCodeID, in tenant: TenantID) async throws(StorageFault) -> NoticeCode?
    func devices(of notice: ClaimedNotice, limit: Int) async throws(StorageFault) -> [PushTarget]
    func forget(_ devices: [PushTokenID], in tenant: TenantID) async throws(StorageFault)
}

extension NoticeSources: NoticeReading {}

/// What stands behind a notice in the moment in which it is asked, or after.
protocol NoticeInquiring: Sendable {
    func standing(_ question: NoticeQuestion) async throws(StorageFault) -> NoticeStanding
}

extension NoticeInquiries: NoticeInquiring {}

/// Where what is to be told is written.
protocol NoticePlanKeeping: Sendable {
    func addressees(_ asked: [(tenant: TenantID, recipient: NoticeRecipient, kind: String)]) async throws(StorageFault)
        -> [Int: NoticeAddressee]
    func staff(_ asked: [(tenant: TenantID, kind: String, roles: [String])]) async throws(StorageFault)
        -> [Int: [UserID]]
    func names(services: [(tenant: TenantID, id: ServiceID)], plans: [(tenant: TenantID, id: PlanID)])
        async throws(StorageFault) -> NoticeNames
    @discardableResult
    func write(_ planned: [PlannedNotice], at now: Timestamp) async throws(StorageFault) -> Int
}

extension NoticePlans: NoticePlanKeeping {}
