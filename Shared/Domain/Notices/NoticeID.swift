extension IDTag {
    /// A notice, and what providers of notices are set up as.
    package enum Notice {}
    package enum NoticeProvider {}
}

package typealias NoticeID = ID<IDTag.Notice>
package typealias NoticeProviderID = ID<IDTag.NoticeProvider>
