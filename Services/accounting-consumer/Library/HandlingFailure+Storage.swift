import Messaging
import Persistence

extension HandlingFailure {
    /// What a failure of the database means for the events that were to be stored.
    init(storing error: any Error) {
        guard let fault = error as? StorageFault else {
            self = .outage
            return
        }
        self =
            switch fault {
            case .outage, .conflict, .broken: .outage
            case .tooLarge, .refused: .message
            }
    }
}
