import Billing
import HTML
import Values

/// The deletion certificate (L3): a document to keep, the same on screen and on paper.
package struct CertificatePage: Page {
    package var crumbs: Breadcrumbs
    package var tenantName: String
    package var subscriptionID: String
    package var certificateID: String?
    package var deletedAt: Instant
    package var suspendedAt: Instant?
    package var deleteAt: Instant?
    package var rule: String
    package var reasons: [SuspensionReason]
    /// Names as in the certificate itself: `usage_events`, `usage_records` …
    package var erased: [(name: String, count: Int)]
    package var kept: [String]
    package var sha256: String
    /// Credit that was still valid and went with the deletion.
    package var forfeited: Money?
    /// What it owed when it was deleted, and when that was given up.
    package var owed: Money?
    package var writtenOffAt: Instant?
    /// The same certificate for a program.
    package var json: URLPath?

    package init(
        crumbs: Breadcrumbs, tenantName: String, subscriptionID: String, deletedAt: Instant, rule: String,
        reasons: [SuspensionReason], erased: [(name: String, count: Int)], kept: [String], sha256: String
    ) {
        self.crumbs = crumbs
        self.tenantName = tenantName
        self.subscriptionID = subscriptionID
        self.deletedAt = deletedAt
        self.rule = rule
        self.reasons = reasons
        self.erased = erased
        self.kept = kept
        self.sha256 = sha256
    }

    package func title(_ t: Localiser) -> String { t("certificate.title") }

    package func content(_ t: Localiser) -> HTML {
        div(.class("narrow")) {
            crumbs.html(t)
            article(.class("document")) {
                p(.class("document-from")) { tenantName }
                h1 { t("certificate.title") }
                p(.class("document-statement")) {
                    t.html("certificate.statement", ["date": strong { t.timeElement(deletedAt) }], ["zone": t.zoneLabel])
                }
                DetailList(facts(t)).html
                erasedTable(t)
                keptList(t)
                seal(t)
            }
            if let json { p { a(.href(json)) { t("certificate.as_json") } } }
        }
    }

    private func facts(_ t: Localiser) -> [DetailList.Item] {
        var items = [DetailList.Item(t("details.id"), identifier(subscriptionID))]
        if let certificateID { items.append(DetailList.Item(t("certificate.id"), identifier(certificateID))) }
        if let suspendedAt { items.append(DetailList.Item(t("certificate.suspended"), t.timeElement(suspendedAt))) }
        if !reasons.isEmpty { items.append(DetailList.Item(t("certificate.reasons"), .text(t.words(reasons)))) }
        if let deleteAt { items.append(DetailList.Item(t("certificate.deadline"), t.timeElement(deleteAt))) }
        items.append(DetailList.Item(t("certificate.rule"), .text(t("certificate.rule_value", ["rule": rule]))))
        if let forfeited {
            items.append(
                DetailList.Item(
                    t("certificate.forfeited"),
                    group {
                        t.moneyElement(forfeited)
                        span(.class("sub")) { t("certificate.forfeited_note") }
                    }))
        }
        if let owed {
            let note =
                writtenOffAt.map { t.html("certificate.written_off", ["date": t.timeElement($0)]) }
                ?? .text(t("certificate.owed_note"))
            items.append(
                DetailList.Item(
                    t("certificate.owed"),
                    group {
                        t.moneyElement(owed)
                        span(.class("sub")) { note }
                    }))
        }
        return items
    }

    private func erasedTable(_ t: Localiser) -> HTML {
        block(t("certificate.erased")) {
            DataTable(
                t("certificate.erased"),
                columns: [TableColumn(t("certificate.kind")), TableColumn(t("certificate.count"), isNumber: true)],
                rows: erased.map { TableRow([.text(word($0.name, "certificate.erased_kind", t)), .text(t.number($0.count))]) },
                narrow: .scroll
            ).html
        }
    }

    private func keptList(_ t: Localiser) -> HTML {
        block(t("certificate.kept"), note: .text(t("certificate.kept_note"))) {
            ul(.class("kept")) { for name in kept { li { word(name, "certificate.kept_kind", t) } } }
        }
    }

    private func seal(_ t: Localiser) -> HTML {
        div(.class("seal")) {
            p(.class("hint")) { t("certificate.hash") }
            p { code { sha256 } }
        }
    }

    /// A kind that has no word yet is shown as it is stored.
    private func word(_ name: String, _ family: String, _ t: Localiser) -> String {
        let key = "\(family).\(name)"
        return t.strings.has(key) ? t(key) : name.replacing("_", with: " ")
    }
}
