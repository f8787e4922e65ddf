import Concurrency
import Persistence

/// Asks what stands behind notices; those that are looked at at the same time are asked about together. `run()` must be running.
final class NoticeInquiries: Sendable {
    private let questions: Combiner<Int, NoticeQuestion, NoticeStanding>

    init(_ reading: any NoticeReading, inFlight: Int) {
        questions = Combiner(
            most: max(inFlight, 1),
            mostWaiting: max(inFlight, 1),
            // One of them may be refused for its own sake: the others are not.
            blamesOne: { ($0 as? StorageFault)?.blamesData == true }
        ) { _, batch in try await reading.standings(of: batch).map { .success($0) } }
    }

    func run() async { await questions.run() }

    /// Asks no more once those who wait have their answer.
    func finish() { questions.finish() }

    func standing(_ question: NoticeQuestion) async throws(StorageFault) -> NoticeStanding {
        do {
            return try await questions.submit(question, to: 0)
        } catch let fault as StorageFault {
            throw fault
        } catch {
            throw .outage("\(error)")
        }
    }
}
