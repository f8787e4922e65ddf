/// What the command line asks for.
package struct Invocation: Sendable {
    package var seed: UInt64 = 1
    package var subscribers = 300
    package var nases = 9
    package var kinds = NASKind.allCases
    package var scenario = Scenario.worst
    package var hours = 24
    package var play = PlayOptions()
    /// Whether a day is played; without `--server` only files are written.
    package var plays = false
    package var database: String?
    package var role = "nexora_pipeline"
    /// Real seconds for which the books may lag behind the packets.
    package var settle: Double = 90
    package var subscribersFile: String?
    package var directoryFile: String?
    package var reportFile: String?

    /// What is wrong with the command line.
    package struct Mistake: Error, CustomStringConvertible {
        package let description: String
    }

    package static let usage = """
        usage: nas-simulator --seed N --subscribers N --nases N [--vendors A,B] [--scenario calm|busy|worst]
          --directory-file FILE   write the tenant, plans and NASes as lines of JSON
          --subscribers-file FILE write the subscribers as CSV for nexora import
          --server HOST:AUTH:ACCT play the day against this radius-server (IPv4)
          --database URL          compare with Postgres afterwards; default DATABASE_URL
          --role NAME             the role to step down to there; default nexora_pipeline
          --report FILE           write the report as JSON too
          --duration SECONDS      real time that the day takes; default 120
          --hours N               length of the day; default 24
          --patience SECONDS      how long answers may be missing at the end; default 120
          --settle SECONDS        how long the books may lag; default 90
          --server-restarts       the server is restarted meanwhile and forgets whom it answered
          --listen                take CoA and Disconnect, each NAS at its address
          --control-port PORT     at this port instead of each vendor's own
          --control-mode MODE     \(modes)
          --live SECONDS          go on in real time after the day, for those who are still on
          --live-interim SECONDS  time between two interims then; default 5
          --events FILE           write what CoA and Disconnect do, a line of JSON each
        vendors: \(NASKind.allCases.map(\.rawValue).joined(separator: ","))
        exit status: 0 everything holds, 1 something does not, 2 the command line is wrong, 69 a server cannot be reached

        """

    /// Reads the arguments after the program's name.
    package init(_ arguments: [String], environment database: String? = nil) throws(Mistake) {
        self.database = database
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if try takeSwitch(name) { continue }
            guard let value = rest.popFirst() else { throw Mistake(description: "\(name) wants a value") }
            if try takePlace(name, value) { continue }
            try takeNumber(name, value)
        }
        // The enforcement side begins where the day ends: nothing else would be heard of it.
        if play.liveSeconds > 0, !plays { throw Mistake(description: "--live wants --server") }
    }

    package var wishes: World.Wishes {
        World.Wishes(
            seed: seed,
            subscribers: subscribers,
            nases: nases,
            kinds: kinds,
            scenario: scenario,
            seconds: hours * 3600
        )
    }

    private mutating func takeSwitch(_ name: String) throws(Mistake) -> Bool {
        switch name {
        case "--server-restarts": play.serverRestarts = true
        case "--listen": play.listens = true
        default: return false
        }
        return true
    }

    /// Files, addresses and names.
    private mutating func takePlace(_ name: String, _ value: String) throws(Mistake) -> Bool {
        switch name {
        case "--directory-file": directoryFile = value
        case "--subscribers-file": subscribersFile = value
        case "--report": reportFile = value
        case "--events": play.eventsPath = value
        case "--database": database = value
        case "--role": role = value
        case "--server": try takeServer(value)
        case "--control-mode": play.mode = try Self.mode(value)
        case "--vendors":
            kinds = try value.split(separator: ",").map { word throws(Mistake) in
                guard let kind = NASKind(rawValue: String(word)) else {
                    throw Mistake(description: "--vendors: \(word) is none of \(NASKind.allCases.map(\.rawValue))")
                }
                return kind
            }
            if kinds.isEmpty { throw Mistake(description: "--vendors is empty") }
        case "--scenario":
            guard let found = Scenario.all.first(where: { $0.name == value }) else {
                throw Mistake(description: "--scenario is calm, busy or worst")
            }
            scenario = found
        default: return false
        }
        return true
    }

    private mutating func takeNumber(_ name: String, _ value: String) throws(Mistake) {
        func number(_ range: ClosedRange<Int>) throws(Mistake) -> Int {
            guard let number = Int(value), range.contains(number) else {
                throw Mistake(description: "\(name) is a number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
        switch name {
        case "--seed":
            guard let number = UInt64(value) else {
                throw Mistake(description: "--seed is a number from 0 to 2^64 - 1")
            }
            seed = number
        case "--subscribers": subscribers = try number(1...1_000_000)
        case "--nases": nases = try number(1...50_000)
        case "--hours": hours = try number(1...144)
        case "--duration": play.duration = Double(try number(1...600_000))
        case "--patience": play.patience = Double(try number(1...3600))
        case "--settle": settle = Double(try number(1...3600))
        case "--control-port": play.controlPort = UInt16(try number(1...65_535))
        case "--live": play.liveSeconds = Double(try number(0...86_400))
        case "--live-interim": play.liveInterim = try number(1...3600)
        default: throw Mistake(description: "\(name) is unknown")
        }
    }

    private mutating func takeServer(_ value: String) throws(Mistake) {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        let octets = parts[0].split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard parts.count == 3, octets.count == 4, let auth = UInt16(parts[1]), let acct = UInt16(parts[2]) else {
            throw Mistake(description: "--server is ADDRESS:AUTHPORT:ACCTPORT with an IPv4 address")
        }
        play.server = octets.reduce(0) { $0 << 8 | UInt32($1) }
        play.authPort = auth
        play.acctPort = acct
        plays = true
    }

    private static let modes =
        "obedient, deaf, slow:MILLISECONDS, late:MILLISECONDS, doubling, lying, forging or rebooting"

    private static func mode(_ value: String) throws(Mistake) -> ControlDesk.Mode {
        let parts = value.split(separator: ":")
        switch (parts.first, parts.count) {
        case ("obedient", 1): return .obedient
        case ("deaf", 1): return .deaf
        case ("lying", 1): return .lying
        case ("doubling", 1): return .doubling
        case ("forging", 1): return .forging
        case ("rebooting", 1): return .rebooting
        case ("slow", 2), ("late", 2):
            if let milliseconds = Int(parts[1]), (0...600_000).contains(milliseconds) {
                return parts[0] == "slow" ? .slow(milliseconds: milliseconds) : .late(milliseconds: milliseconds)
            }
        default: break
        }
        throw Mistake(description: "--control-mode is \(modes)")
    }
}
