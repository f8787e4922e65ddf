import Concurrency
import Domain
import Events
import Lifecycle
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
        let word =
            switch action {
            case .look: "look"
            case .reset: "reset"
            case .release: "release"
            }
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
