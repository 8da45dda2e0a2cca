// One function per element. A page is written as it reads: `section(.class("panel")) { h2 { … } }`.

package func head(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("head", attributes.map(\.raw), content())
}
package func body(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("body", attributes.map(\.raw), content())
}
package func title(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("title", attributes.map(\.raw), content())
}
package func header(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("header", attributes.map(\.raw), content())
}
package func footer(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("footer", attributes.map(\.raw), content())
}
package func nav(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("nav", attributes.map(\.raw), content())
}
package func main(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("main", attributes.map(\.raw), content())
}
package func aside(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("aside", attributes.map(\.raw), content())
}
package func section(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("section", attributes.map(\.raw), content())
}
package func article(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("article", attributes.map(\.raw), content())
}
package func div(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("div", attributes.map(\.raw), content())
}
package func p(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("p", attributes.map(\.raw), content())
}
package func span(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("span", attributes.map(\.raw), content())
}
package func strong(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("strong", attributes.map(\.raw), content())
}
package func em(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("em", attributes.map(\.raw), content())
}
package func small(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("small", attributes.map(\.raw), content())
}
package func code(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("code", attributes.map(\.raw), content())
}
package func kbd(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("kbd", attributes.map(\.raw), content())
}
package func b(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("b", attributes.map(\.raw), content())
}
package func h1(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("h1", attributes.map(\.raw), content())
}
package func h2(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("h2", attributes.map(\.raw), content())
}
package func h3(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("h3", attributes.map(\.raw), content())
}
package func h4(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("h4", attributes.map(\.raw), content())
}
package func ul(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("ul", attributes.map(\.raw), content())
}
package func li(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("li", attributes.map(\.raw), content())
}
package func dl(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("dl", attributes.map(\.raw), content())
}
package func dt(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("dt", attributes.map(\.raw), content())
}
package func dd(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("dd", attributes.map(\.raw), content())
}
package func figure(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("figure", attributes.map(\.raw), content())
}
package func figcaption(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("figcaption", attributes.map(\.raw), content())
}
package func table(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("table", attributes.map(\.raw), content())
}
package func caption(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("caption", attributes.map(\.raw), content())
}
package func thead(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("thead", attributes.map(\.raw), content())
}
package func tbody(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("tbody", attributes.map(\.raw), content())
}
package func tfoot(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("tfoot", attributes.map(\.raw), content())
}
package func tr(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("tr", attributes.map(\.raw), content())
}
package func fieldset(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("fieldset", attributes.map(\.raw), content())
}
package func legend(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("legend", attributes.map(\.raw), content())
}
package func summary(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("summary", attributes.map(\.raw), content())
}
package func mark(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("mark", attributes.map(\.raw), content())
}
package func abbr(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("abbr", attributes.map(\.raw), content())
}
package func del(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("del", attributes.map(\.raw), content())
}
package func ins(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("ins", attributes.map(\.raw), content())
}
package func pre(_ attributes: Attribute<Tag.Plain>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("pre", attributes.map(\.raw), content())
}
package func html(_ attributes: Attribute<Tag.Root>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("html", attributes.map(\.raw), content())
}
package func a(_ attributes: Attribute<Tag.Anchor>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("a", attributes.map(\.raw), content())
}
package func form(_ attributes: Attribute<Tag.Form>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("form", attributes.map(\.raw), content())
}
package func select(_ attributes: Attribute<Tag.Select>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("select", attributes.map(\.raw), content())
}
package func option(_ attributes: Attribute<Tag.Option>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("option", attributes.map(\.raw), content())
}
package func button(_ attributes: Attribute<Tag.Button>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("button", attributes.map(\.raw), content())
}
package func label(_ attributes: Attribute<Tag.Label>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("label", attributes.map(\.raw), content())
}
package func details(_ attributes: Attribute<Tag.Details>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("details", attributes.map(\.raw), content())
}
package func ol(_ attributes: Attribute<Tag.OrderedList>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("ol", attributes.map(\.raw), content())
}
package func td(_ attributes: Attribute<Tag.Cell>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("td", attributes.map(\.raw), content())
}
package func th(_ attributes: Attribute<Tag.HeaderCell>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("th", attributes.map(\.raw), content())
}
package func time(_ attributes: Attribute<Tag.Time>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("time", attributes.map(\.raw), content())
}
package func progress(_ attributes: Attribute<Tag.Progress>..., @HTMLBuilder content: () -> HTML = { .empty }) -> HTML {
    .element("progress", attributes.map(\.raw), content())
}
package func input(_ attributes: Attribute<Tag.Input>...) -> HTML {
    .void("input", attributes.map(\.raw), foreign: false)
}
package func meta(_ attributes: Attribute<Tag.Metadata>...) -> HTML {
    .void("meta", attributes.map(\.raw), foreign: false)
}
package func link(_ attributes: Attribute<Tag.Metadata>...) -> HTML {
    .void("link", attributes.map(\.raw), foreign: false)
}
package func hr(_ attributes: Attribute<Tag.Plain>...) -> HTML {
    .void("hr", attributes.map(\.raw), foreign: false)
}
package func br() -> HTML { .void("br", [], foreign: false) }
/// Where a long word may break.
package func wbr() -> HTML { .void("wbr", [], foreign: false) }

/// A script by address; there is no way to write one inline.
package func script(_ attributes: Attribute<Tag.Script>...) -> HTML {
    .element("script", attributes.map(\.raw), .empty)
}

/// A text area with its value. The parser drops one line end after the opening tag: one is given to it, so that a value that
/// begins with a line end keeps it.
package func textarea(_ attributes: Attribute<Tag.TextArea>..., value: String) -> HTML {
    .element("textarea", attributes.map(\.raw), .text("\n" + value))
}

/// Pieces without an element around them.
package func group(@HTMLBuilder content: () -> HTML) -> HTML { content() }
