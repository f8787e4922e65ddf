import Concurrency
import Domain
import Events
import Lifecycle
import NATS
import Observability

/// A question that came for the provisioners.
struct BreakerQuestion: Sendable {
    let payload: [UInt8]
    let answer: @Sendable ([UInt8]) -> Void
}

/// Where questions come from.
protocol BreakerQuestions: Sendable {
    /// The next one; nil once closed. For one reader.
    func next() async -> BreakerQuestion?
    func close() async
}

/// Questions over NATS. Each process hears each of them, in a group of its own: the one that leads answers.
struct NATSBreakerQuestions: BreakerQuestions {
    private let inbox: QuestionInbox

    init(_ client: NATSClient, _ action: BreakerQuery.Action, process: String) throws {
        inbox = try QuestionInbox(
            client,
            subject: action.subject,
            group: "provisioner-\(process)",
            waiting: 64,
            longest: BreakerQuery.longest,
            refusal: BreakerDesk.refusal(.busy, "too many questions at once, or one that is too long")
        )
    }

    func next() async -> BreakerQuestion? {
        await inbox.next().map { question in
            BreakerQuestion(payload: question.payload) { question.answer($0) }
        }
    }

    func close() async { await inbox.close() }
}

/// Takes questions about breakers, and has the desk answer them one after the other.
struct BreakerService: Lifecycle.Service {
    private static let limit = Duration.seconds(2)

    private let desk: BreakerDesk
    private let questions: [BreakerQuery.Action: any BreakerQuestions]
    private let asked: Counter

    init(desk: BreakerDesk, questions: [BreakerQuery.Action: any BreakerQuestions], registry: MetricsRegistry) {
        self.desk = desk
        self.questions = questions
        asked = registry.counter(
            "enforcement_breaker_questions_total",
            "Questions about breakers, by what became of them: answered, silent where another process leads, late.",
            labels: ["action", "result"]
        )
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await GracefulShutdown.wait()
                await close()
            }
            for (action, source) in questions {
                group.addTask { while let question = await source.next() { await answer(question, action) } }
            }
            // Whoever waits for the shutdown ends with it, or with whatever cancels this.
            await group.waitForAll()
        }
    }

    private func close() async {
        for source in questions.values { await source.close() }
    }

    private func answer(_ question: BreakerQuestion, _ action: BreakerQuery.Action) async {
        let word = action == .reset ? "reset" : "look"
        do {
            let answer = try await withDeadline(Self.limit) { await desk.answer(question.payload, action) }
            asked.with(word, answer == nil ? "silent" : "answered").add()
            if let answer { question.answer(answer) }
        } catch {
            asked.with(word, "late").add()
            question.answer(BreakerDesk.refusal(.busy, "the answer took too long"))
        }
    }
}
