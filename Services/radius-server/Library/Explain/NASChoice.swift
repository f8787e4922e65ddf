import Domain
import Events
import Sockets

/// Finds the NAS that a question means.
enum NASChoice {
    /// By id, name or address; without any, the tenant's first by name, with a sentence that says so.
    static func find(
        _ wanted: String,
        tenant: UInt32,
        directory: Directory
    ) throws(QueryRefusal) -> (nas: NASEntry, assumption: String?) {
        if wanted.isEmpty {
            let own = directory.nases.values.filter { $0.tenant == tenant && $0.isActive }
                .sorted { ($0.name, $0.id) < ($1.name, $1.id) }
            guard let first = own.first else { throw QueryRefusal(.notFound, "the tenant has no active NAS") }
            return (first, own.count == 1 ? nil : "on \(first.name), one of \(own.count) NASes: --nas says which")
        }
        if let nas = known(wanted, tenant: tenant, directory: directory) { return (nas, nil) }
        let isOff = directory.nases.values.contains { $0.tenant == tenant && !$0.isActive && names($0, wanted) }
        throw isOff
            ? QueryRefusal(.notFound, "the NAS \"\(wanted)\" is inactive: its packets get no answer (unknown_nas)")
            : QueryRefusal(.notFound, "no NAS \"\(wanted)\" in this tenant: by id, name or address")
    }

    /// The active NAS of the tenant that has this id, name or address.
    static func known(_ wanted: String, tenant: UInt32, directory: Directory) -> NASEntry? {
        if let id = UUID128(wanted) {
            return directory.nases[id].flatMap { $0.tenant == tenant && $0.isActive ? $0 : nil }
        }
        if let source = IPAddress(wanted).map(SourceAddress.init) {
            return directory.candidates(for: source).first { $0.tenant == tenant }
        }
        return directory.nases.values.first { $0.tenant == tenant && $0.isActive && $0.name == wanted }
    }

    private static func names(_ nas: NASEntry, _ wanted: String) -> Bool {
        nas.name == wanted || nas.id.description == wanted.lowercased()
    }
}

extension SourceAddress {
    /// The address alone.
    init(_ address: IPAddress) {
        if let ipv4 = address.ipv4 {
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(ipv4), port: 0)
        } else {
            self.init(high: address.bits.high, low: address.bits.low, port: 0)
        }
    }
}
