import Glibc
import Sockets
import WireFormat

/// What is said to people, on standard error.
enum Speech {
    static func tell(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Writes all of it; what cannot be written is nobody's business.
    static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    static func write(_ octets: [UInt8], to descriptor: Int32) {
        unsafe octets.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                guard count > 0 else { return }
                done += count
            }
        }
    }
}

/// Files that are made.
enum Files {
    /// Opens a file for writing from its beginning, readable for its owner alone: it may hold passwords.
    static func create(_ path: String) throws(FileFailure) -> Int32 {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(path: path, reason: unsafe String(cString: strerror(errno))) }
        return descriptor
    }

    static func write(_ octets: [UInt8], to path: String) throws(FileFailure) {
        let descriptor = try create(path)
        Speech.write(octets, to: descriptor)
        guard close(descriptor) == 0 else { throw FileFailure(path: path, reason: "cannot be written") }
    }
}

/// A file that cannot be made.
struct FileFailure: Error, CustomStringConvertible {
    let path: String
    let reason: String
    var description: String { "\(path): \(reason)" }
}

/// What CoA and Disconnect do, a line of JSON each, as it happens: for whoever drives the simulator.
final class EventLog {
    private let descriptor: Int32

    init(_ path: String) throws(FileFailure) { descriptor = try Files.create(path) }

    deinit { close(descriptor) }

    /// The NASes listen and the day begins.
    func ready(_ script: DayScript, _ lanes: [Lane]) {
        write { json in
            json.key("event")
            json.value("ready")
            json.key("nases")
            json.beginArray()
            for lane in lanes where lane.purpose == .control {
                let nas = script.world.nases[lane.nas]
                json.beginObject()
                json.key("name")
                json.value(nas.name)
                json.key("vendor")
                json.value(nas.kind.rawValue)
                json.key("address")
                json.value(nas.addressText)
                json.key("port")
                json.value(Int(lane.socket.port))
                json.endObject()
            }
            json.endArray()
        }
    }

    /// A session as it is now.
    func session(_ event: StaticString, _ nas: SimNAS, _ number: Int, _ session: LiveSession) {
        write { json in
            json.key("event")
            json.value(event.description)
            json.key("nas")
            json.value(nas.name)
            json.key("session")
            json.value(number)
            json.key("acctSessionId")
            json.value(session.id)
            json.key("username")
            json.value(session.username)
            json.key("station")
            json.value(session.station)
            json.key("framedIpAddress")
            json.value(IPv4Text.of(session.address))
            if let upload = session.speed.upload {
                json.key("uploadBps")
                json.value(upload)
            }
            if let download = session.speed.download {
                json.key("downloadBps")
                json.value(download)
            }
            if let profile = session.speed.profile {
                json.key("profile")
                json.value(profile)
            }
            if let timeout = session.timeout {
                json.key("sessionTimeout")
                json.value(timeout)
            }
            if let filter = session.filter {
                json.key("filter")
                json.value(filter)
            }
        }
    }

    /// A request that a NAS judged.
    func judged(_ nas: SimNAS, _ outcome: ControlDesk.Outcome) {
        write { json in
            json.key("event")
            json.value("request")
            json.key("nas")
            json.value(nas.name)
            json.key("note")
            json.value(outcome.note)
            json.key("answers")
            json.value(outcome.reply != nil)
        }
    }

    private func write(_ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.beginObject()
        body(&json)
        json.endObject()
        Speech.write(json.bytes + [UInt8(ascii: "\n")], to: descriptor)
    }
}
