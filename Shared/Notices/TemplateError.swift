/// Why words could not be read or said: which part, which line, what.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Part: String, Sendable, Hashable, CaseIterable {
        case subject, text, html
    }

    package enum Problem: Hashable, Sendable {
        /// `{{` without its `}}`, or with more than 1,000 octets between them.
        case unclosedTag
        /// What stands between `{{` and `}}` is none of the forms.
        case malformedTag
        /// A plural says a form twice, one that no language has, or not `other`.
        case malformedPlural
        /// `{{/name}}` where no section of that name is the innermost.
        case unexpectedEnd(String)
        case unclosedSection(String)
        /// More than eight sections within each other.
        case tooDeep
        /// More than 500 tags.
        case tooManyTags
        /// Longer than a part may be.
        case tooLong
        /// The kind has no variable of that name.
        case unknownVariable(String)
        /// It may be missing, so that it needs a section around it.
        case outsideSection(String)
        /// A plural of what is no number.
        case notANumber(String)
        /// Subjects are shown on locked screens.
        case secretInSubject(String)
        /// An element or an attribute that mail does not need.
        case forbiddenMarkup(String)
        /// Markup that is not written out: a `<` alone, an attribute without quotes, a tag that does not end.
        case malformedMarkup
        /// A tag of the template where none may stand, such as within a style or the name of an element.
        case misplaced
        /// A section that begins in one place of the markup and ends in another.
        case crossesMarkup(String)
        /// The part is needed, or has no place, on this channel.
        case missingPart, unwantedPart
        /// A value that must be there is not.
        case missingValue(String)
        /// A link's value that is no address by http or https.
        case unusableValue(String)
        /// What is said would be longer than 200,000 octets.
        case resultTooLong
    }

    package let part: Part
    /// From 1.
    package let line: Int
    package let problem: Problem

    /// For who writes the words; never repeats a value.
    package var description: String { "\(part.rawValue), line \(line): \(problem)" }
}

extension TemplateError.Problem: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unclosedTag: "{{ without }}"
        case .malformedTag: "what stands between {{ and }} is not understood"
        case .malformedPlural: "a plural needs other=\"...\" and each form once"
        case .unexpectedEnd(let name): "{{/\(name)}} closes no section"
        case .unclosedSection(let name): "{{#\(name)}} is not closed"
        case .tooDeep: "sections stand too deep within each other"
        case .tooManyTags: "too many tags"
        case .tooLong: "too long"
        case .unknownVariable(let name): "\(name) is no variable of this notice"
        case .outsideSection(let name): "\(name) may be missing: put it within {{#\(name)}} and {{/\(name)}}"
        case .notANumber(let name): "\(name) is no number"
        case .secretInSubject(let name): "\(name) is secret and may not stand in a subject"
        case .forbiddenMarkup(let name): "\(name) is not allowed"
        case .malformedMarkup: "the markup is not written out (quotes, &lt;, closed tags)"
        case .misplaced: "no tag of a template may stand here"
        case .crossesMarkup(let name): "the section \(name) begins and ends in different places of the markup"
        case .missingPart: "is needed"
        case .unwantedPart: "has no place on this channel"
        case .missingValue(let name): "\(name) has no value"
        case .unusableValue(let name): "\(name) is no address by http or https"
        case .resultTooLong: "what is said is too long"
        }
    }
}
