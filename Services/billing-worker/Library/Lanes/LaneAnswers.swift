import Billing
import Events
import Messaging
import Observability

/// The commands that came in some messages, and what goes back to their senders: one message for each that came.
struct LaneAnswers {
    /// A command, and where it stood.
    struct Asked: Sendable {
        let command: MoneyCommand
        fileprivate let message: Int
        fileprivate let place: Int
    }

    private let deliveries: [Delivery]
    private let reply: @Sendable (_ subject: String, _ payload: [UInt8]) -> Void
    private let logger: Logger
    private var told: [[MoneyAnswers.Numbered]]
    /// Messages whose senders want one bare answer.
    private var singles: Set<Int> = []
    /// How many could not be read.
    private(set) var unreadable = 0

    init(
        _ deliveries: [Delivery],
        _ reply: @escaping @Sendable (_ subject: String, _ payload: [UInt8]) -> Void,
        _ logger: Logger
    ) {
        self.deliveries = deliveries
        self.reply = reply
        self.logger = logger
        told = Array(repeating: [], count: deliveries.count)
    }

    /// The commands, in the order in which they came. What cannot be read is answered so.
    mutating func open() -> [Asked] {
        var asked: [Asked] = []
        asked.reserveCapacity(deliveries.count)
        for (message, delivery) in deliveries.enumerated() {
            guard let commands = try? MoneyCommands(json: delivery.payload) else {
                refuse(message, 0)
                singles.insert(message)
                continue
            }
            if commands.isSingle { singles.insert(message) }
            for (place, command) in commands.commands.enumerated() {
                switch command {
                case .success(let command): asked.append(Asked(command: command, message: message, place: place))
                case .failure: refuse(message, place)
                }
            }
        }
        return asked
    }

    private mutating func refuse(_ message: Int, _ place: Int) {
        logger.error("command that cannot be read", ["subject": .string(deliveries[message].subject)])
        unreadable += 1
        told[message].append(.init(place: place, answer: MoneyAnswer(.invalid(.unreadable))))
    }

    mutating func tell(_ asked: Asked, _ answer: MoneyAnswer) {
        told[asked.message].append(.init(place: asked.place, answer: answer))
    }

    /// Tells the senders what is known; nothing happens where one is gone.
    func send() {
        for (message, answers) in told.enumerated() where !answers.isEmpty {
            guard let subject = deliveries[message].header(replyHeader) else { continue }
            if singles.contains(message) {
                reply(subject, answers[0].answer.json)
            } else {
                reply(subject, MoneyAnswers(answers).json)
            }
        }
    }
}
