import HTML
import Values

/// The addresses of one owner's keys: an account's, or the tenant's own.
package struct APIKeyLinks: Sendable {
    package let list: URLPath
    package let new: URLPath
    package let edit: @Sendable (APIKeyID) -> URLPath
    package let rotate: @Sendable (APIKeyID) -> URLPath
    package let revoke: @Sendable (APIKeyID) -> URLPath

    package init(
        list: URLPath, new: URLPath, edit: @escaping @Sendable (APIKeyID) -> URLPath,
        rotate: @escaping @Sendable (APIKeyID) -> URLPath,
        revoke: @escaping @Sendable (APIKeyID) -> URLPath
    ) {
        self.list = list
        self.new = new
        self.edit = edit
        self.rotate = rotate
        self.revoke = revoke
    }
}

/// Keys with what they may, where from, how long, and when they were last used (experience page 24).
package struct APIKeyListPage: Page {
    package var owner: String
    package var keys: [APIKey]
    package var links: APIKeyLinks
    package var pager: Pager
    package var now: Instant

    package func title(_ t: Localiser) -> String { t("keys.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(
                t("keys.title"), lede: .text(t("keys.lede", ["owner": owner])),
                actions: [ActionLink(t("keys.new"), links.new, .primary), ActionLink(t("docs.title"), PageRoute.apiIndex.url())]
            ).html
            if keys.isEmpty {
                EmptyState.neverHad(
                    title: t("keys.none"), text: t("keys.none_text"), action: ActionLink(t("keys.new"), links.new, .primary)
                ).html(t)
            } else {
                table(t).html
                pager.html(t)
            }
        }
    }

    private func table(_ t: Localiser) -> DataTable {
        DataTable(
            t("keys.title"),
            columns: ["name", "state", "role", "scopes", "addresses", "last_used", "expires", "actions"].map {
                TableColumn(t("keys.column.\($0)"))
            }, rows: keys.map { row($0, t) })
    }

    private func row(_ key: APIKey, _ t: Localiser) -> TableRow {
        let state = key.state(at: now)
        return TableRow([
            group {
                key.name
                span(.class("sub")) { identifier(key.shownAs) }
                if let limit = key.rateLimit {
                    span(.class("sub")) { t("keys.per_minute", ["count": t.number(limit)]) }
                }
            },
            pill(state, t).html, .text(t.word(key.role)),
            key.scopes.map { codes($0) } ?? .text(t("keys.everything")),
            key.allowedAddresses.map { codes($0) } ?? .text(t("keys.anywhere")),
            key.lastUsedAt.map { at in
                group {
                    t.timeElement(at)
                    if let address = key.lastUsedAddress { span(.class("sub")) { address } }
                }
            } ?? .text(t("keys.never_used")), key.expiresAt.map(t.timeElement) ?? .text(t("keys.never")),
            state == .active
                ? group {
                    a(.href(links.edit(key.id))) { t("keys.edit") }
                    " "
                    a(.href(links.rotate(key.id))) { t("keys.rotate") }
                    " "
                    a(.href(links.revoke(key.id))) { t("keys.revoke") }
                } : t.nothing,
        ])
    }

    private func codes(_ words: [String]) -> HTML {
        group { for word in words { span(.class("sub")) { identifier(word) } } }
    }

    private func pill(_ state: APIKey.State, _ t: Localiser) -> StatePill {
        switch state {
        case .active: StatePill(t("keys.state.active"), .good, .disc)
        case .expired: StatePill(t("keys.state.expired"), .quiet, .ring)
        case .revoked: StatePill(t("keys.state.revoked"), .quiet, .cross)
        }
    }
}

/// What a new key is to be.
package struct NewAPIKeyPage: Page {
    package var crumbs: Breadcrumbs
    package var action: URLPath
    package var back: URLPath
    package var tokens: FormTokens
    package var roles: [FilterBar.Choice]
    package var name = ""
    package var role = ""
    /// `all`, or the chosen ones.
    package var isNarrowed = false
    package var scopes: Set<String> = []
    package var expiresOn = ""
    package var addresses = ""
    package var problems: [FieldProblem] = []

    package init(crumbs: Breadcrumbs, action: URLPath, back: URLPath, tokens: FormTokens, roles: [FilterBar.Choice]) {
        self.crumbs = crumbs
        self.action = action
        self.back = back
        self.tokens = tokens
        self.roles = roles
    }

    package var hasProblems: Bool { !problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("keys.new") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(problems, t)
            PageHeading(t("keys.new"), lede: .text(t("keys.new_lede"))).html
            form(.class("form"), .method(.post), .action(action), .novalidate) {
                tokens.fields
                nameField(t).html(problems, t)
                SelectField("role", t("keys.column.role"), hint: t("keys.role_hint"), choices: roles, selected: role)
                    .html(problems, t)
                scopeFields(t)
                limits(t)
                div(.class("actions")) {
                    submitButton(t("keys.make"))
                    a(.class("btn"), .href(back)) { t("keys.discard") }
                }
            }
        }
    }

    private func nameField(_ t: Localiser) -> TextField {
        var field = TextField("name", t("keys.column.name"), hint: t("keys.name_hint"), value: name)
        field.autocomplete = .off
        field.maxlength = 200
        return field
    }

    private func scopeFields(_ t: Localiser) -> HTML {
        details(.open(isNarrowed || problems.contains { $0.field == "scopes" })) {
            summary { t("keys.narrow") }
            div(.class("field"), .id(fieldID("scopes"))) {
                p(.class("hint")) { t("keys.scopes_hint") }
                for fault in problems where fault.field == "scopes" { faultLine(fault, id: fieldID("scopes"), t) }
                for scope in Endpoint.scopes {
                    label(.class("check")) {
                        input(.type(.checkbox), .name("scope:\(scope)"), .value("yes"), .checked(scopes.contains(scope)))
                        " "
                        identifier(scope)
                    }
                }
            }
        }
    }

    private func limits(_ t: Localiser) -> HTML {
        var expiry = TextField(
            "expires_on", t("keys.column.expires"), hint: t("keys.expires_hint"), value: expiresOn, type: .date)
        expiry.isRequired = false
        expiry.isShort = true
        var from = TextField("addresses", t("keys.column.addresses"), hint: t("keys.addresses_hint"), value: addresses)
        from.isRequired = false
        from.autocomplete = .off
        return group {
            expiry.html(problems, t)
            from.html(problems, t)
        }
    }
}

/// The one time that a key is shown.
package struct APIKeyShownPage: Page {
    package var crumbs: Breadcrumbs
    /// Nil when the form was sent again: the key was shown before and is not known any more.
    package var secret: String?
    package var name: String
    package var list: URLPath
    /// When the key that this one replaces ends.
    package var oldEndsAt: Instant?

    package func title(_ t: Localiser) -> String { t(secret == nil ? "keys.shown_already" : "keys.shown") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            PageHeading(title(t), lede: .text(t(secret == nil ? "keys.shown_already_text" : "keys.shown_text", ["name": name])))
                .html
            if let secret {
                p { copyable(secret, name: t("keys.key"), id: "api-key", isWhole: true, t) }
                p(.class("note")) { t("keys.try") }
                pre { code { "curl -H \"Authorization: Bearer $BURSAR_KEY\" …/v1/me" } }
            }
            if let oldEndsAt {
                p {
                    t("keys.old_ends")
                    " "
                    t.timeElement(oldEndsAt)
                }
            }
            div(.class("actions")) { a(.class("btn btn--primary"), .href(list)) { t("keys.stored") } }
        }
    }
}

/// Ending or replacing a key: what follows, and two verbs.
package struct APIKeyConfirmPage: Page {
    package enum Step: String, Sendable { case rotate, revoke }

    package var crumbs: Breadcrumbs
    package var step: Step
    package var name: String
    package var shownAs: String
    package var lastUsedAt: Instant?
    package var form: ConfirmForm

    package var hasProblems: Bool { !form.problems.isEmpty }
    package func title(_ t: Localiser) -> String { t("keys.\(step.rawValue)_title", ["name": name]) }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            errorSummary(form.problems, t)
            PageHeading(title(t), lede: identifier(shownAs)).html
            form.html(t)
        }
    }
}
