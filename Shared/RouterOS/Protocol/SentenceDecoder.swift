/// Makes sentences of octets that come in any pieces. Bounded: a word or sentence that is too long is refused as soon as its
/// length is known, before its octets are kept. Sentences that were whole before an error are given first; the error is final.
package struct SentenceDecoder: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Octets of a word.
        package var word: Int
        /// Octets of a sentence, each word counted with one more.
        package var sentence: Int
        package var words: Int

        package init(word: Int = 1 << 20, sentence: Int = 4 << 20, words: Int = 4_096) {
            self.word = word
            self.sentence = sentence
            self.words = words
        }
    }

    private let limits: Limits
    private var buffer: [UInt8] = []
    private var head = 0
    /// The sentence that is being read, and its octets so far.
    private var words: [[UInt8]] = []
    private var octets = 0
    private var failure: CodecError?

    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Takes octets in as they come.
    package mutating func append(_ received: some Sequence<UInt8>) {
        guard failure == nil else { return }
        if head > 0 {
            buffer.removeFirst(head)
            head = 0
        }
        buffer += received
    }

    /// The next sentence; nil until more octets come. Sentences without words are passed over, as the protocol has it.
    package mutating func next() throws(CodecError) -> Sentence? {
        if let failure { throw failure }
        do throws(CodecError) {
            while let word = try nextWord() {
                guard word.isEmpty else {
                    try take(word)
                    continue
                }
                octets = 0
                guard !words.isEmpty else { continue }
                defer { words = [] }
                return Sentence(words: words)
            }
            return nil
        } catch {
            failure = error
            (buffer, head, words) = ([], 0, [])
            throw error
        }
    }

    /// Octets that wait for the rest of their sentence.
    package var pending: Int { buffer.count - head + octets }

    private mutating func take(_ word: [UInt8]) throws(CodecError) {
        guard words.count < limits.words else { throw .tooManyWords }
        octets += word.count + 1
        words.append(word)
    }

    private mutating func nextWord() throws(CodecError) -> [UInt8]? {
        guard head < buffer.count else { return nil }
        var (following, count) = try WordLength.begin(buffer[head])
        guard buffer.count - head > following else { return nil }
        for octet in buffer[(head + 1)..<(head + 1 + following)] { count = count << 8 | Int(octet) }
        guard count <= limits.word else { throw .wordTooLong(count) }
        guard octets + count + 1 <= limits.sentence || count == 0 else { throw .sentenceTooLong }
        let start = head + 1 + following
        guard buffer.count - start >= count else { return nil }
        head = start + count
        return Array(buffer[start..<head])
    }
}
