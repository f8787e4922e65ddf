extension IDTag {
    package enum User {}
    package enum LoginSession {}
    package enum APIKey {}
    package enum OneTimeLink {}
    package enum LoginCode {}
}

package typealias UserID = ID<IDTag.User>
/// One login of one person on one device, and the family of its refresh tokens.
package typealias LoginSessionID = ID<IDTag.LoginSession>
package typealias APIKeyID = ID<IDTag.APIKey>
package typealias LoginCodeID = ID<IDTag.LoginCode>
package typealias OneTimeLinkID = ID<IDTag.OneTimeLink>
