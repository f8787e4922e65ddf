/// `/ip/firewall/address-list`: lists of addresses that rules of the firewall look at. Everything here may be done twice.
package struct AddressLists: Sendable {
    private let menu: Menu

    package init(_ runner: any CommandRunner) { menu = Menu("/ip/firewall/address-list", runner) }

    /// Puts an address or network on a list. One that stands there already keeps its comment where none is given.
    @discardableResult
    package func add(_ address: String, to list: String, comment: String? = nil) async throws(RouterOSError)
        -> RouterChange
    {
        var arguments = Arguments()
        arguments.add("comment", comment)
        return try await menu.put(key(address, list), arguments.list)
    }

    /// False where it did not stand there.
    @discardableResult
    package func remove(_ address: String, from list: String) async throws(RouterOSError) -> Bool {
        try await menu.remove(key(address, list))
    }

    /// The addresses of a list, as the router writes them.
    package func addresses(of list: String) async throws(RouterOSError) -> [String] {
        try await menu.find([("list", list)], listing: ["address"]).compactMap { $0["address"] }
    }

    private func key(_ address: String, _ list: String) -> Menu.Key {
        [("list", list), ("address", RouterText.address(address))]
    }
}
