import Domain
import Glibc

/// A check that ended before anything was tried.
struct CheckEnded: Error {
    let result: DeviceCheckResult

    init(_ result: DeviceCheckResult) {
        self.result = result
    }
}

/// Looks names up as the system does. Blocks: for threads of its own only.
enum NameLookup {
    /// The addresses of a name in the resolver's order, at most four.
    static func addresses(of name: String) -> Result<[IPAddress], CheckEnded> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &list)
        // SAFETY: the list is ours until it is freed, and read before that.
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        guard code == 0 else { return .failure(CheckEnded(result(of: code))) }
        var found: [IPAddress] = []
        var entry = unsafe list
        while let info = unsafe entry?.pointee, found.count < 4 {
            if let address = unsafe address(info), !found.contains(address) { found.append(address) }
            unsafe entry = unsafe info.ai_next
        }
        return found.isEmpty ? .failure(CheckEnded(.failed(.unresolved))) : .success(found)
    }

    /// What a failed lookup says: that there is no such name, or nothing.
    private static func result(of code: Int32) -> DeviceCheckResult {
        switch code {
        case EAI_NONAME: .failed(.unresolved)
        case EAI_AGAIN, EAI_FAIL: .unchecked(.nameService)
        case EAI_MEMORY, EAI_SYSTEM: .unchecked(.noResources)
        // EAI_NODATA: the name is there and has no address.
        default: .failed(.unresolved)
        }
    }

    @unsafe private static func address(_ info: addrinfo) -> IPAddress? {
        guard let place = unsafe UnsafeRawPointer(info.ai_addr) else { return nil }
        // SAFETY: the kernel's structs as <netinet/in.h> has them; the family says which one lies there.
        switch unsafe info.ai_family {
        case AF_INET:
            let octets = unsafe UnsafeRawBufferPointer(start: place + 4, count: 4)
            return unsafe IPAddress(octets: Array(octets))
        case AF_INET6:
            let octets = unsafe UnsafeRawBufferPointer(start: place + 8, count: 16)
            return unsafe IPAddress(octets: Array(octets))?.unmapped
        default: return nil
        }
    }
}
