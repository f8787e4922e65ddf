import Crypto
import Domain
import Ledger
import Persistence
import WireFormat

/// `ledger verify|prove|check|key`.
enum LedgerCommands {
    static let all: [CommandSpec] = [verify, prove, check, key]

    private static let verify = CommandSpec(
        "ledger verify",
        "Proves that the ledger is whole, or names the first thing that is wrong with each lane.",
        details: """
            Follows every lane from its first batch: every row's place under its batch's digest, signed checkpoints, every
            account's balance against its entries, holds, and sums, which are zero. Reads everything; exit code 1 when anything
            is wrong. With the keyring the result is kept for the pages, and ends what an earlier check found wrong.
            """,
        options: [.flag("unsigned", "Without the keyring: signatures are not looked at.")],
        examples: ["nexora ledger verify", "nexora ledger verify --unsigned --json"]
    ) { invocation, context in
        let keyring = invocation.has("unsigned") ? nil : try context.keyring()
        var records: [OutputRecord] = []
        var broken = 0
        try await context.withDatabase { database in
            let began = context.time.now()
            var proofs: [LaneVerdict] = []
            try await LedgerVerifier.run(on: database.session, keyring: keyring) { verdict in
                records.append(OutputRecord(verdict))
                // Without its signatures a lane is not proved.
                if keyring != nil, verdict.unknownCheckpoints == 0 { proofs.append(verdict) }
                if verdict.discrepancy != nil { broken += 1 }
                if verdict.unknownCheckpoints > 0, keyring != nil {
                    context.report.note(
                        "nexora: warning: \(verdict.unknownCheckpoints) checkpoints of \(verdict.lane.currency) were signed"
                            + " with a key that is not in the keyring"
                    )
                }
            }
            await keep(proofs, since: began, database, context)
        }
        context.report.list(records, none: "no ledger")
        guard broken == 0 else { throw CommandFailure(.failed, "\(broken) of \(records.count) lanes are broken") }
    }

    /// Says where the pages look what was proved. A database that takes no writes was proved all the same.
    private static func keep(
        _ verdicts: [LaneVerdict],
        since began: Timestamp,
        _ database: Database,
        _ context: CommandContext
    ) async {
        do {
            for verdict in verdicts {
                try await LedgerVerifications(database.session).record(
                    run: verdict,
                    since: began,
                    at: context.time.now()
                )
            }
        } catch {
            context.report.note("nexora: warning: what was found could not be stored: \(error)")
        }
    }

    private static let prove = CommandSpec(
        "ledger prove",
        "Writes a proof of one entry: a file that holds against the installation's public key alone.",
        details: """
            The entry is named by its account and its number there, as the wallet's history shows them. There is none before the
            first checkpoint behind it, which is signed within a second.
            """,
        arguments: [
            ArgumentSpec("ACCOUNT", "The account's id."), ArgumentSpec("NUMBER", "The entry's number in it, from 1."),
        ],
        options: [
            SharedOptions.scope, .value("out", "FILE", "Where the proof is written; standard output without it."),
        ],
        examples: ["nexora ledger prove 0197f0c2-0000-7000-8000-000000000001 42 --tenant acme --out entry.json"]
    ) { invocation, context in
        guard let account = UUID128(invocation.argument("ACCOUNT") ?? "") else {
            throw invocation.invalid("ACCOUNT", "must be an id")
        }
        guard let number = Int64(invocation.argument("NUMBER") ?? ""), number > 0 else {
            throw invocation.invalid("NUMBER", "must be a number from 1")
        }
        let proof = try await context.withDatabase { database in
            let root = try await context.inDirectory(database, invocation) { $0.root }
            return try await database.proveEntry(of: LedgerAccountID(account), sequence: number, in: root)
        }
        guard let proof else {
            throw CommandFailure(.notFound, "no such entry, or no checkpoint behind it yet")
        }
        let text = String(decoding: proof.json, as: UTF8.self)
        guard let path = invocation.string("out") else { return context.console.write(text + "\n") }
        try PrivateFile.write(text + "\n", to: path)
        context.report.note("wrote \(path)")
    }

    private static let check = CommandSpec(
        "ledger check",
        "Verifies a proof without any database: against the public key that ledger key shows.",
        arguments: [ArgumentSpec("FILE", "The proof; - is standard input.")],
        options: [.value("public-key", "HEX", "The installation's public key, 64 hexadecimal digits.", required: true)],
        examples: ["nexora ledger check entry.json --public-key 4f6b…"]
    ) { invocation, context in
        let path = invocation.argument("FILE") ?? ""
        guard let key = Hex.decode(invocation.string("public-key") ?? ""), key.count == 32 else {
            throw invocation.invalid("public-key", "must be 64 hexadecimal digits")
        }
        let octets = try PrivateFile.read(path, limit: 16 << 20)
        let trimmed = Array(octets.reversed().drop { $0 == UInt8(ascii: "\n") }.reversed())
        guard let proof = InclusionProof(json: trimmed) else { throw CommandFailure(.badData, "\(path): is no proof") }
        if let flaw = try proof.flaw(publicKey: key) {
            throw CommandFailure(.failed, "\(path): does not hold: \(flaw)")
        }
        context.report.one(OutputRecord(proof))
    }

    private static let key = CommandSpec(
        "ledger key",
        "Shows the public keys (Ed25519) that checkpoints and proofs are verified with.",
        examples: ["nexora ledger key --json"]
    ) { _, context in
        try context.listPublicKeys(for: .ledgerCheckpoint)
    }
}

extension OutputRecord {
    /// What was found along a lane.
    fileprivate init(_ verdict: LaneVerdict) {
        self.init()
        add("operator", .text(verdict.lane.rootID.description))
        add("currency", .text(verdict.lane.currency.code))
        add("whole", .boolean(verdict.discrepancy == nil))
        add("batches", .integer(verdict.batches))
        add("rows", .integer(verdict.rows))
        add("accounts", .integer(verdict.accounts))
        add("checkpoints", .integer(Int64(verdict.checkpoints)))
        add("vouchedThrough", .integer(verdict.vouchedThrough))
        add("wrong", .optional(verdict.discrepancy.map { "\($0)" }))
        add("unknownCheckpoints", .integer(Int64(verdict.unknownCheckpoints)), detail: true)
    }

    /// What a proof proves.
    fileprivate init(_ proof: InclusionProof) {
        self.init()
        let entry = proof.entry
        add("account", .text(entry.account.id.description))
        add("number", .integer(entry.sequence))
        add("amount", .text(entry.amount.description))
        add("balanceAfter", .text(entry.balanceAfter.description))
        add("recordedAt", .text(entry.recordedAt.description))
        add("transfer", .text(entry.transfer.id.description))
        add("batch", .integer(entry.at.batch))
        add("signedAt", .text(proof.checkpoint.checkpoint.signedAt.description))
    }
}
