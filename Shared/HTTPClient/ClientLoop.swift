internal import CCurl
internal import Concurrency

/// The client's thread: starts what tasks ask for, lets libcurl work, and answers. Made on that thread and confined to it.
final class ClientLoop {
    private let multi: MultiHandle
    private let mailbox: ClientMailbox
    private let configuration: HTTPClientConfiguration
    private var transfers: [UInt64: Transfer] = [:]

    init(_ multi: MultiHandle, _ mailbox: ClientMailbox, _ configuration: HTTPClientConfiguration) {
        self.multi = multi
        self.mailbox = mailbox
        self.configuration = configuration
    }

    /// Returns once the client was shut down; whatever is under way then fails with `closed`.
    func run() {
        while true {
            let batch = mailbox.take()
            for command in batch.commands { carryOut(command) }
            if batch.isStopping { return end() }
            var running: Int32 = 0
            unsafe curl_multi_perform(multi.raw, &running)
            collect()
            // libcurl's own timers shorten the wait; tasks end it with a wakeup.
            unsafe curl_multi_poll(multi.raw, nil, 0, 60_000, nil)
        }
    }

    private func carryOut(_ command: ClientMailbox.Command) {
        switch command {
        case .start(let ticket): start(ticket)
        case .cancel(let id):
            if let transfer = transfers[id] {
                finish(transfer, .failure(HTTPClientError(.cancelled, "cancelled while it was under way")))
            }
        case .resume(let id):
            if let transfer = transfers[id] { unsafe _ = curl_easy_pause(transfer.raw, CURLPAUSE_CONT) }
        }
    }

    private func start(_ ticket: Ticket) {
        do throws(HTTPClientError) {
            guard !ticket.request.deadline.hasPassed else {
                throw HTTPClientError(.timeout, "its deadline passed before it began", mayHaveArrived: false)
            }
            let transfer = try Transfer(ticket, configuration)
            guard unsafe curl_multi_add_handle(multi.raw, transfer.raw) == CURLM_OK else {
                throw HTTPClientError(.busy, "libcurl has no room for a transfer")
            }
            transfers[ticket.id] = transfer
        } catch {
            mailbox.ended()
            ticket.answer(.failure(error))
        }
    }

    private func collect() {
        var code = CURLE_OK
        while let raw = unsafe nextEnded(&code) {
            guard let transfer = transfers.values.first(where: { unsafe $0.raw == raw }) else { continue }
            finish(transfer, transfer.outcome(code))
        }
    }

    private func nextEnded(_ code: inout CURLcode) -> UnsafeMutableRawPointer? {
        unsafe ccurl_next_ended(multi.raw, &code)
    }

    private func finish(_ transfer: Transfer, _ result: Result<ClientResponse, HTTPClientError>) {
        unsafe curl_multi_remove_handle(multi.raw, transfer.raw)
        transfers[transfer.ticket.id] = nil
        mailbox.ended()
        transfer.ticket.answer(result)
    }

    private func end() {
        for transfer in Array(transfers.values) {
            finish(transfer, .failure(HTTPClientError(.closed, "the client was shut down")))
        }
    }
}
