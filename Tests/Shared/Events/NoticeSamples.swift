import Domain
import Events

/// What is told of notices.
enum NoticeSamples {
    static let notice = NoticeID(Samples.id(41))

    static let events: [Samples.Sample] = [
        Samples.sample(
            "NoticeEnded",
            NoticeEnded(
                noticeID: notice,
                kind: "bill_due",
                channel: "email",
                recipientKind: "customer",
                recipientID: Samples.id(42),
                state: "failed",
                reason: "mailbox_unknown",
                attempts: 4
            ),
            bare: false
        ),
        Samples.sample(
            "NoticeEnded.minimal",
            NoticeEnded(
                noticeID: notice,
                kind: "",
                channel: "",
                recipientKind: "",
                recipientID: Samples.id(42),
                state: ""
            )
        ),
        Samples.sample(
            "NoticePosted",
            NoticePosted(noticeID: notice, userID: UserID(Samples.id(43)), kind: "bill_due"),
            bare: false
        ),
        Samples.sample(
            "NoticePosted.minimal",
            NoticePosted(noticeID: notice, userID: UserID(Samples.id(43)), kind: "")
        ),
    ]
}
