// SVG elements. Geometry is in whole units of the view box: a chart computes with integers, never with floating point.

package func svg(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("svg", attributes.map(\.raw), content())
}
package func g(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("g", attributes.map(\.raw), content())
}
package func rect(_ attributes: Attribute<Tag.Graphic>...) -> HTML {
    .void("rect", attributes.map(\.raw), foreign: true)
}
package func path(_ attributes: Attribute<Tag.Graphic>...) -> HTML {
    .void("path", attributes.map(\.raw), foreign: true)
}
package func line(_ attributes: Attribute<Tag.Graphic>...) -> HTML {
    .void("line", attributes.map(\.raw), foreign: true)
}
package func circle(_ attributes: Attribute<Tag.Graphic>...) -> HTML {
    .void("circle", attributes.map(\.raw), foreign: true)
}
package func polyline(_ attributes: Attribute<Tag.Graphic>...) -> HTML {
    .void("polyline", attributes.map(\.raw), foreign: true)
}
package func pattern(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("pattern", attributes.map(\.raw), content())
}
package func defs(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("defs", attributes.map(\.raw), content())
}
/// The name of a graphic or of a part of it, read aloud and shown on hover.
package func svgTitle(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("title", attributes.map(\.raw), content())
}
package func svgText(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("text", attributes.map(\.raw), content())
}
/// A link inside a graphic.
package func svgLink(_ attributes: Attribute<Tag.Graphic>..., @HTMLBuilder content: () -> HTML) -> HTML {
    .element("a", attributes.map(\.raw), content())
}
/// A rectangle that carries its own tooltip.
package func rect(_ attributes: Attribute<Tag.Graphic>..., title: String) -> HTML {
    .element("rect", attributes.map(\.raw), svgTitle { title })
}

package enum TextAnchor: Sendable { case start, middle, end }

extension Attribute where Scope == Tag.Graphic {
    package static func viewBox(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Self {
        Self("viewBox", text: "\(x) \(y) \(width) \(height)")
    }
    package static func x(_ value: Int) -> Self { Self("x", number: value) }
    package static func y(_ value: Int) -> Self { Self("y", number: value) }
    package static func x1(_ value: Int) -> Self { Self("x1", number: value) }
    package static func y1(_ value: Int) -> Self { Self("y1", number: value) }
    package static func x2(_ value: Int) -> Self { Self("x2", number: value) }
    package static func y2(_ value: Int) -> Self { Self("y2", number: value) }
    package static func cx(_ value: Int) -> Self { Self("cx", number: value) }
    package static func cy(_ value: Int) -> Self { Self("cy", number: value) }
    package static func r(_ value: Int) -> Self { Self("r", number: value) }
    package static func rx(_ value: Int) -> Self { Self("rx", number: value) }
    package static func width(_ value: Int) -> Self { Self("width", number: value) }
    package static func height(_ value: Int) -> Self { Self("height", number: value) }
    package static func d(_ path: String) -> Self { Self("d", text: path) }
    package static func points(_ points: String) -> Self { Self("points", text: points) }
    /// A fill that this document defines: `url(#id)`.
    package static func fill(pattern id: String) -> Self { Self("fill", text: "url(#\(id))") }
    package static func patternUnitsUserSpace() -> Self { Self("patternUnits", .token("userSpaceOnUse")) }
    package static func patternTransform(rotate degrees: Int) -> Self { Self("patternTransform", text: "rotate(\(degrees))") }
    package static func transform(translateX x: Int, y: Int) -> Self { Self("transform", text: "translate(\(x) \(y))") }
    package static func focusable(_ isFocusable: Bool) -> Self { Self("focusable", .token(isFocusable ? "true" : "false")) }
    /// Fills its box whatever its shape: for bars without text.
    package static var stretched: Self { Self("preserveAspectRatio", .token("none")) }
    /// Lines on whole pixels, without a blur.
    package static var crisp: Self { Self("shape-rendering", .token("crispEdges")) }
    package static func href(_ url: URLPath) -> Self { Self("href", text: url.string) }
    package static func textAnchor(_ anchor: TextAnchor) -> Self {
        switch anchor {
        case .start: Self("text-anchor", .token("start"))
        case .middle: Self("text-anchor", .token("middle"))
        case .end: Self("text-anchor", .token("end"))
        }
    }
}
