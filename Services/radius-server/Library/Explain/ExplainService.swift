import Concurrency
import Events
import Lifecycle
import Observability

/// A question that came for this server.
struct Question: Sendable {
    let payload: [UInt8]
    let answer: @Sendable ([UInt8]) -> Void
}

/// Where questions come from.
protocol Questions: Sendable {
    /// The next one; nil once closed. For one reader.
    func next() async -> Question?
    func close() async
}

/// Takes questions about logins and has the desk answer them, a few at once and each within its time, on tasks that have
/// nothing to do with the receivers' threads.
final class ExplainService: Lifecycle.Service {
    /// Questions that are answered at once.
    static let atOnce = 2
    /// Questions that wait beyond those.
    static let waiting = 16
    private static let limit = Duration.seconds(5)

    private let desk: ExplainDesk
    private let questions: any Questions
    private let answered: CounterCell
    private let late: CounterCell

    init(desk: ExplainDesk, questions: any Questions, registry: MetricsRegistry) {
        self.desk = desk
        self.questions = questions
        let counter = registry.counter(
            "radius_explain_questions_total",
            "Questions about logins, by what became of them",
            labels: ["result"]
        )
        answered = counter.with("answered")
        late = counter.with("late")
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [questions] in
                await GracefulShutdown.wait()
                await questions.close()
            }
            group.addTask { [self] in await answerAll() }
            try await group.next()
            group.cancelAll()
            await questions.close()
        }
    }

    // MARK: - Private

    private func answerAll() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            while let question = await questions.next() {
                if running == Self.atOnce {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { [self] in await answer(question) }
            }
        }
    }

    private func answer(_ question: Question) async {
        let desk = desk
        do {
            question.answer(try await withDeadline(Self.limit) { await desk.answer(question.payload) })
            answered.add(1)
        } catch {
            late.add(1)
            question.answer(desk.refusal(.busy, "the answer took too long"))
        }
    }
}
