/// Reads the statements of an element's body as its content, in order.
@resultBuilder
package enum HTMLBuilder {
    package static func buildExpression(_ html: HTML) -> HTML { html }
    package static func buildExpression(_ text: String) -> HTML { .text(text) }
    package static func buildExpression(_ optional: HTML?) -> HTML { optional ?? .empty }
    package static func buildExpression(_ list: [HTML]) -> HTML { .fragment(list) }
    package static func buildBlock() -> HTML { .empty }
    package static func buildBlock(_ only: HTML) -> HTML { only }
    package static func buildBlock(_ parts: HTML...) -> HTML { .fragment(parts) }
    package static func buildOptional(_ part: HTML?) -> HTML { part ?? .empty }
    package static func buildEither(first: HTML) -> HTML { first }
    package static func buildEither(second: HTML) -> HTML { second }
    package static func buildArray(_ parts: [HTML]) -> HTML { .fragment(parts) }
}
