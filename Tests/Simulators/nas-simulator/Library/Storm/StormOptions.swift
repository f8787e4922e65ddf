/// What the command line of `nas-simulator storm` asks for.
package struct StormOptions: Sendable {
    package struct Server: Sendable {
        package let address: UInt32
        package let authPort: UInt16
        package let acctPort: UInt16
    }

    package var seed: UInt64 = 1
    package var subscribers = 1_000
    package var admissions = 5_000
    /// Logins under way at once.
    package var window = 256
    /// Logins begun a second at most; 0 for as many as the servers take.
    package var rate = 0
    package var servers: [Server] = []
    package var directoryFile: String?
    /// The tenants' CSV: this, the tenant's number, `.csv`.
    package var subscribersFiles: String?
    package var intentsFile: String?
    package var truthFile: String?
    package var progressFile: String?
    package var reportFile: String?
    /// Seconds after which a NAS asks the other server.
    package var timeout = 1.0
    /// Seconds after which a login counts as unanswered.
    package var patience = 60.0

    package static let usage = """
        usage: nas-simulator storm --seed N --subscribers N --admissions N
          --directory-file FILE   write tenants, pools, plans and NASes as lines of JSON
          --subscribers-files P   write each tenant's subscribers as P0.csv, P1.csv for nexora import
          --server HOST:AUTH:ACCT a radius-server (IPv4); twice
          --intents FILE          read what `nexora tail --json` writes of session.disconnect_requested
          --truth FILE            write every grant: what it gave, from when and until when
          --progress FILE         append a line of JSON each second
          --report FILE           write the report as JSON
          --window N              logins under way at once; default 256
          --rate N                logins begun a second at most; default 0, no limit
        exit status: 0 everything holds, 1 something does not, 2 the command line is wrong, 69 a socket cannot be had

        """

    /// Reads the arguments after `storm`.
    package init(_ arguments: [String]) throws(Invocation.Mistake) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let value = rest.popFirst() else { throw Invocation.Mistake(description: "\(name) wants a value") }
            switch name {
            case "--directory-file": directoryFile = value
            case "--subscribers-files": subscribersFiles = value
            case "--intents": intentsFile = value
            case "--truth": truthFile = value
            case "--progress": progressFile = value
            case "--report": reportFile = value
            case "--server": servers.append(try Self.server(value))
            case "--seed": seed = UInt64(try Self.number(name, value, 0...Int.max))
            case "--subscribers": subscribers = try Self.number(name, value, 16...1_000_000)
            case "--admissions": admissions = try Self.number(name, value, 1...100_000_000)
            case "--window": window = try Self.number(name, value, 1...2_048)
            case "--rate": rate = try Self.number(name, value, 0...1_000_000)
            default: throw Invocation.Mistake(description: "\(name) is unknown")
            }
        }
        if servers.count == 1 { throw Invocation.Mistake(description: "--server is given twice or not at all") }
    }

    private static func number(
        _ name: String,
        _ value: String,
        _ range: ClosedRange<Int>
    ) throws(Invocation.Mistake) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw Invocation.Mistake(
                description: "\(name) is a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    private static func server(_ value: String) throws(Invocation.Mistake) -> Server {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        let octets = parts[0].split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard parts.count == 3, octets.count == 4, let auth = UInt16(parts[1]), let acct = UInt16(parts[2]) else {
            throw Invocation.Mistake(description: "--server is ADDRESS:AUTHPORT:ACCTPORT with an IPv4 address")
        }
        return Server(address: octets.reduce(0) { $0 << 8 | UInt32($1) }, authPort: auth, acctPort: acct)
    }
}
