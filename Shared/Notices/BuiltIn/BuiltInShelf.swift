import Synchronization

/// The product's words, each compiled the first time that it is asked for.
package final class BuiltInShelf: Sendable {
    private struct Place: Hashable {
        let kind: NoticeKind
        let channel: NoticeChannel
        let language: String
    }

    private let kept = Mutex<[Place: CompiledTemplate]>([:])

    package init() {}

    /// Nil where ``BuiltInTemplates/template(_:_:language:)`` has none.
    package func template(_ kind: NoticeKind, _ channel: NoticeChannel, language: String) -> CompiledTemplate? {
        let place = Place(kind: kind, channel: channel, language: language)
        if let compiled = kept.withLock({ $0[place] }) { return compiled }
        guard let template = BuiltInTemplates.template(kind, channel, language: language),
            let compiled = try? template.compiled(for: kind, channel)
        else { return nil }
        kept.withLock { $0[place] = compiled }
        return compiled
    }
}
