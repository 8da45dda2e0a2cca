import HTML

/// What fills `<main>` of a page: a model's own view. It holds its one `h1` and knows nothing of the shell around it.
package protocol Page: Sendable {
    /// Stands in `<title>` before the tenant's name, and nowhere else.
    func title(_ t: Localiser) -> String
    func content(_ t: Localiser) -> HTML
    /// Whether a form came back with problems: the title then says so first (G18).
    var hasProblems: Bool { get }
    /// Seconds after which the page loads itself again, only while work is running (G27).
    var refreshSeconds: Int? { get }
}

extension Page {
    package var hasProblems: Bool { false }
    package var refreshSeconds: Int? { nil }
}

/// A way from this page to another, shown as a button or as a link.
package struct ActionLink: Sendable {
    package enum Weight: Sendable { case primary, plain, danger }

    package let label: String
    package let url: URLPath
    package let weight: Weight
    /// Why the state forbids it now. The action then shows, says why, and leads nowhere (G24).
    package let unavailableBecause: String?

    package init(_ label: String, _ url: URLPath, _ weight: Weight = .plain, unavailableBecause: String? = nil) {
        self.label = label
        self.url = url
        self.weight = weight
        self.unavailableBecause = unavailableBecause
    }

    package var button: HTML {
        if let reason = unavailableBecause {
            return span(.class("off")) {
                span(.class("btn btn--off")) { label }
                small(.class("btn-reason")) { reason }
            }
        }
        let name =
            switch weight {
            case .primary: "btn btn--primary"
            case .plain: "btn"
            case .danger: "btn btn--danger"
            }
        return a(.class(name), .href(url)) { label }
    }

    package var link: HTML {
        guard let reason = unavailableBecause else { return a(.href(url)) { label } }
        return span(.class("off")) {
            label
            small(.class("btn-reason")) { reason }
        }
    }
}

/// What every form carries along unseen.
package struct FormTokens: Sendable {
    /// Belongs to the session: a form from elsewhere does not have it.
    package let csrf: String
    /// One value per shown form: sent twice, it acts once (G17).
    package let idempotencyKey: String?
    /// The version that the form was filled from (G19).
    package let etag: String?

    package init(csrf: String, idempotencyKey: String? = nil, etag: String? = nil) {
        self.csrf = csrf
        self.idempotencyKey = idempotencyKey
        self.etag = etag
    }

    package var fields: HTML {
        group {
            hiddenField("csrf", csrf)
            if let idempotencyKey { hiddenField("idempotency_key", idempotencyKey) }
            if let etag { hiddenField("if_match", etag) }
        }
    }
}

package func hiddenField(_ name: String, _ value: String) -> HTML {
    input(.type(.hidden), .name(name), .value(value))
}

/// A button that posts by itself, without a page in between.
package struct ActionForm: Sendable {
    package let label: String
    package let action: URLPath
    package let tokens: FormTokens
    package let values: [(String, String)]
    package let weight: ActionLink.Weight

    package init(
        _ label: String, action: URLPath, tokens: FormTokens, values: [(String, String)] = [], weight: ActionLink.Weight = .plain
    ) {
        self.label = label
        self.action = action
        self.tokens = tokens
        self.values = values
        self.weight = weight
    }

    package var html: HTML {
        form(.class("inline"), .method(.post), .action(action)) {
            tokens.fields
            for (name, value) in values { hiddenField(name, value) }
            submitButton(label, weight)
        }
    }
}

package func submitButton(_ label: String, _ weight: ActionLink.Weight = .primary) -> HTML {
    let name =
        switch weight {
        case .primary: "btn btn--primary"
        case .plain: "btn"
        case .danger: "btn btn--danger"
        }
    return button(.type(.submit), .class(name)) { label }
}
