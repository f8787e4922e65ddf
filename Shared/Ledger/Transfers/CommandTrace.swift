/// The request that a command was made for, as events that follow from it name it. No part of what is compared when its key comes
/// again.
package struct CommandTrace: Hashable, Sendable {
    package let correlationID: String?
    /// W3C Trace Context.
    package let traceparent: String?

    package init(correlationID: String? = nil, traceparent: String? = nil) {
        self.correlationID = correlationID
        self.traceparent = traceparent
    }
}
