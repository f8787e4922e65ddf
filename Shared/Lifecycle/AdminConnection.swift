import Concurrency
import Glibc

/// One client of the admin port. Belongs to the admin thread.
final class AdminConnection {
    /// What the thread does next with the connection.
    enum Next {
        case read
        case write
        case close
    }

    /// How long a client may take to send a request or to take an answer, and how long it may idle between two.
    static let patience = Duration.seconds(5)
    static let idleLimit = Duration.seconds(75)

    let descriptor: Int32
    /// When the connection is closed unless something finished before. Trickling octets does not extend it.
    private(set) var deadline = Deadline.after(patience)
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var sent = 0
    /// How much of the input was searched for the end of a head already: octets that trickle cost no more.
    private var searched = 0
    private var closesAfterOutput = false
    private let answer: (String) -> AdminResponse

    /// Owns `descriptor` from here; `answer` makes the response of a path.
    init(descriptor: Int32, answer: @escaping (String) -> AdminResponse) {
        self.descriptor = descriptor
        self.answer = answer
    }

    deinit { close(descriptor) }

    /// Takes what arrived and answers complete requests.
    func readable() -> Next {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        guard count > 0 else {
            let again = count < 0 && (errno == EAGAIN || errno == EINTR)
            return again ? .read : .close
        }
        if input.isEmpty { deadline = .after(Self.patience) }
        input += chunk.prefix(count)
        return serve()
    }

    /// Sends more of the answer.
    func writable() -> Next {
        guard flush() else { return .close }
        guard output.isEmpty else { return .write }
        return closesAfterOutput ? .close : serve()
    }

    /// Answers one request after the other; stops where the client does not take an answer at once.
    private func serve() -> Next {
        while true {
            switch AdminRequest.parse(input, searched: searched) {
            case .incomplete:
                searched = input.count
                return .read
            case .refused(let status):
                closesAfterOutput = true
                output = AdminResponse.refusal(status).encoded(keepsAlive: false)
            case .request(let request, let consumed):
                input.removeFirst(consumed)
                searched = 0
                closesAfterOutput = !request.keepsAlive
                output = answer(request.path).encoded(keepsAlive: request.keepsAlive)
            }
            deadline = .after(Self.patience)
            guard flush() else { return .close }
            guard output.isEmpty else { return .write }
            if closesAfterOutput { return .close }
            deadline = .after(input.isEmpty ? Self.idleLimit : Self.patience)
        }
    }

    /// False when the connection is broken.
    private func flush() -> Bool {
        while sent < output.count {
            let count = unsafe output.withUnsafeBytes { bytes in
                unsafe send(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: bytes[sent...]).baseAddress,
                    bytes.count - sent,
                    Int32(Int(MSG_DONTWAIT) | Int(MSG_NOSIGNAL))
                )
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return true }
            guard count > 0 else { return false }
            sent += count
        }
        output = []
        sent = 0
        return true
    }
}
