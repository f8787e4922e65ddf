import Messaging
import Persistence

extension HandlingFailure {
    /// What a failure of the database means for the events that were to be stored.
    init(storing error: any Error) {
        self = (error as? StorageFault)?.blamesData == true ? .message : .outage
    }
}
