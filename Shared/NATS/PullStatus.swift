/// What a status message on a pull's inbox means.
enum PullStatus: Equatable {
    /// The request is alive.
    case heartbeat
    /// The request ended with that many messages still open (nil: not told).
    case ended(open: Int?)
    /// The server ended the request for a reason of its own: ask again after a pause.
    case interrupted(open: Int?)
    /// The consumer is gone.
    case consumerLost
    /// The server refuses such requests.
    case refused(String)

    /// nil for what is no status message.
    init?(code: String?, description: String, open: String?) {
        switch code {
        case "100": self = .heartbeat
        case "404", "408": self = .ended(open: open.flatMap { Int($0) })
        case "409":
            let text = description.lowercased()
            if text.contains("deleted") {
                self = .consumerLost
            } else if text.contains("push based") {
                self = .refused(description)
            } else {
                self = .interrupted(open: open.flatMap { Int($0) })
            }
        case "503": self = .consumerLost
        case .some: self = .refused("\(code ?? "") \(description)")
        case nil: return nil
        }
    }
}
