package import Domain

/// What the ids of the notices' desk identify. Never instantiated.
package enum NoticeDeskTag {
    package enum Account {}
    package enum Entry {}
    package enum Token {}
}

/// Of an account with a provider.
package typealias NoticeAccountID = ID<NoticeDeskTag.Account>
/// Of one row of the delivery log.
package typealias NoticeEntryID = ID<NoticeDeskTag.Entry>
/// Of a device that may be pushed to.
package typealias PushTokenID = ID<NoticeDeskTag.Token>
