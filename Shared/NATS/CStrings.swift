internal import Glibc

/// C copies of strings that live as long as this object, for structs that libnats reads during one call.
/// SAFETY: the pointers are owned here and freed once, in deinit; not shared between threads.
@safe final class CStrings {
    /// An array of the copies, as `const char **`.
    private(set) var pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
    private let count: Int
    private var extra: [UnsafeMutablePointer<CChar>] = unsafe []

    init(_ strings: [String] = []) {
        count = strings.count
        unsafe pointers = .allocate(capacity: max(1, strings.count))
        for (index, string) in strings.enumerated() {
            unsafe (pointers + index).initialize(to: UnsafePointer(strdup(string)))
        }
    }

    /// A copy of one more string; nil stays nil.
    func copy(_ string: String?) -> UnsafePointer<CChar>? {
        guard let string, let copy = unsafe strdup(string) else { return nil }
        unsafe extra.append(copy)
        return unsafe UnsafePointer(copy)
    }

    deinit {
        for index in 0..<count { unsafe free(UnsafeMutablePointer(mutating: pointers[index])) }
        unsafe pointers.deallocate()
        unsafe extra.forEach { unsafe free($0) }
    }
}
