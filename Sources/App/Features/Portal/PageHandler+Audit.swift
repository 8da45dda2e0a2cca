import Billing
import FoundationEssentials
import HTML
import HTTP
import Postgres
import Values

/// The audit log of an account, of an agreement and of the whole tenant (experience page 26), with its files.
extension PageHandler {
    /// What one log is of.
    private struct Log {
        var filter = AuditFilter()
        var owner: String
        var frame: Frame
        var crumbs: Breadcrumbs?
        var page: URLPath
        /// Names the files.
        var subject: String
        var csv: URLPath
        var jsonl: URLPath
    }

    func accountAudit(_ visit: Visit) async throws -> HTTPResponse { try await audit(try await accountLog(visit), visit) }
    func enrollmentAudit(_ visit: Visit) async throws -> HTTPResponse { try await audit(try await enrollmentLog(visit), visit) }
    func operatorAudit(_ visit: Visit) async throws -> HTTPResponse { try await audit(try operatorLog(visit), visit) }

    func accountAuditFile(_ visit: Visit, _ format: AuditDownload.Format) async throws -> HTTPResponse {
        try await file(try await accountLog(visit), format, visit)
    }
    func enrollmentAuditFile(_ visit: Visit, _ format: AuditDownload.Format) async throws -> HTTPResponse {
        try await file(try await enrollmentLog(visit), format, visit)
    }
    func operatorAuditFile(_ visit: Visit, _ format: AuditDownload.Format) async throws -> HTTPResponse {
        try await file(try operatorLog(visit), format, visit)
    }

    // MARK: Whose log

    private func accountLog(_ visit: Visit) async throws -> Log {
        let context = try visit.context()
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        try TenantContext.require(.seeAudit, of: context.principal.roles(on: account.belonging), in: account.kind)
        let id = account.id.description
        let page = PageRoute.audit.url(id)
        var log = Log(
            owner: account.name, frame: Frame(zone: account.zone, account: (account.id, account.name), current: page), page: page,
            subject: id, csv: PageRoute.auditCSV.url(id), jsonl: PageRoute.auditJSONL.url(id))
        log.filter.account = account.id
        return log
    }

    private func enrollmentLog(_ visit: Visit) async throws -> Log {
        let context = try visit.context()
        let enrollment = try await FindEnrollment.byID(try visit.pathID(0), context)
        let id = enrollment.id.description
        let page = PageRoute.enrollmentAudit.url(id)
        var log = Log(
            owner: enrollment.name, frame: Frame(enrollment: (enrollment.id, enrollment.name), current: page), page: page,
            subject: id, csv: PageRoute.enrollmentAuditCSV.url(id), jsonl: PageRoute.enrollmentAuditJSONL.url(id))
        log.filter.enrollment = enrollment.id
        return log
    }

    private func operatorLog(_ visit: Visit) throws -> Log {
        let context = try visit.context()
        try requireOperator(context)
        let page = PageRoute.operatorAudit.url()
        return Log(
            owner: context.tenant.name, frame: Frame(current: page), page: page, subject: context.tenant.slug,
            csv: PageRoute.operatorAuditCSV.url(), jsonl: PageRoute.operatorAuditJSONL.url())
    }

    // MARK: The page and the files

    private func audit(_ log: Log, _ visit: Visit) async throws -> HTTPResponse {
        let (context, window, t) = (try visit.context(), ListWindow(visit), visit.localiser(log.frame.zone))
        let filter = narrowed(log.filter, visit, t)
        let shown = try await window.load(key: { ($0.at, $0.id.uuid) }) { page in
            try await ListAuditEvents.run(filter, page, context)
        }
        let names = try await AuditNames.load(shown.items, context)
        let query = Self.names.compactMap { name in visit[name].flatMap { $0.isEmpty ? nil : (name, $0) } }
        var page = AuditPage(
            ownerName: log.owner, filters: filters(visit, window, t),
            rows: shown.items.map { row($0, names, log.page, context, t) },
            pager: window.pager(shown, visit),
            downloads: [
                ActionLink(t("audit.csv"), log.csv.adding(query)), ActionLink(t("audit.jsonl"), log.jsonl.adding(query)),
            ])
        page.crumbs = log.crumbs
        page.timeSort = window.sort(visit)
        return visit.page(page, log.frame)
    }

    private func file(_ log: Log, _ format: AuditDownload.Format, _ visit: Visit) async throws -> HTTPResponse {
        let filter = narrowed(log.filter, visit, visit.localiser(log.frame.zone))
        return try await AuditDownload(filter: filter, format: format, subject: log.subject, context: try visit.context())
            .response()
    }

    /// The parameters that narrow the log, in the page's address, in its files' and in the API.
    private static let names = ["actor_kind", "actor", "action", "object_id", "from", "to"]

    /// Dates are the account's civil days, both of them whole.
    private func narrowed(_ scope: AuditFilter, _ visit: Visit, _ t: Localiser) -> AuditFilter {
        func asked(_ name: String) -> String? {
            visit[name].map { $0.trimmingBlankSpace() }.flatMap { $0.isEmpty ? nil : String($0.prefix(254)) }
        }
        var filter = scope
        filter.actorKind = asked("actor_kind").flatMap { Actor.Kind(rawValue: $0) }
        filter.actor = asked("actor")
        filter.action = asked("action")
        // An ID that is none names nothing.
        filter.object = asked("object_id").map { UUID(anyID: $0) ?? .zero }
        filter.from = asked("from").flatMap { CivilDate(iso: $0) }.map { t.zone.startOfDay($0) }
        filter.to = asked("to").flatMap { CivilDate(iso: $0) }.map { t.zone.startOfDay($0.adding(days: 1)) }
        return filter
    }

    private func filters(_ visit: Visit, _ window: ListWindow, _ t: Localiser) -> FilterBar {
        func without(_ name: String) -> URLPath {
            visit.here(changing: [(name, nil), ("cursor", nil), ("before", nil), ("row", nil)])
        }
        let kinds: [Actor.Kind] = [.user, .key, .operator, .timer]
        let chips = Self.names.compactMap { name -> FilterBar.Chip? in
            guard let value = visit[name]?.trimmingBlankSpace(), !value.isEmpty else { return nil }
            let words =
                switch name {
                case "action": t.words(ofAction: value)
                case "actor_kind": Actor.Kind(rawValue: value).map { t("actor.\($0.rawValue)") } ?? value
                default: value
                }
            return FilterBar.Chip(labelled("audit.filter.\(name)", words, t), without: without(name))
        }
        return FilterBar(
            action: URLPath(visit.request.pathSegments),
            fields: [
                .choice(
                    name: "actor_kind", label: t("audit.filter.actor_kind"), all: t("list.all"),
                    choices: kinds.map { .init($0.rawValue, t("actor.\($0.rawValue)")) }, selected: visit["actor_kind"]),
                .search(name: "actor", label: t("audit.filter.actor"), value: visit["actor"] ?? "", hint: t("audit.actor_hint")),
                .choice(
                    name: "action", label: t("audit.filter.action"), all: t("list.all"), choices: actions(t),
                    selected: visit["action"]),
                .search(name: "object_id", label: t("audit.filter.object_id"), value: visit["object_id"] ?? "", hint: "sub_…"),
                .date(name: "from", label: t("audit.filter.from"), value: visit["from"] ?? ""),
                .date(name: "to", label: t("audit.filter.to"), value: visit["to"] ?? ""),
            ], chips: chips, kept: window.kept)
    }

    /// The actions that have words, by their words.
    private func actions(_ t: Localiser) -> [FilterBar.Choice] {
        t.auditActions.map { FilterBar.Choice($0, t.words(ofAction: $0)) }.sorted { $0.label < $1.label }
    }

    private func row(_ event: AuditEvent, _ names: AuditNames, _ page: URLPath, _ context: TenantContext, _ t: Localiser)
        -> AuditPage.Row
    {
        let id = event.objectTypeID
        var row = AuditPage.Row(
            id: event.id.description, at: event.at, actorKind: event.actor.kind,
            actor: names[event.actor.id] ?? event.actor.typeID, action: t.words(ofAction: event.action),
            object: t.words(ofObjectKind: event.objectKind), objectName: names[event.objectID] ?? id,
            transition: (
                event.from.map(t.words(ofState:)), event.to.map(t.words(ofState:)), event.reason.map(t.words(ofReason:))
            ),
            changes: event.changes(names, t))
        row.objectURL = address(of: event, names, context.principal)
        row.history = page.adding([("object_id", id)])
        row.ip = event.ip
        row.requestID = event.requestID
        return row
    }

    /// The object's own page, where it has one that this reader may open.
    private func address(of event: AuditEvent, _ names: AuditNames, _ principal: Principal) -> URLPath? {
        switch event.objectKind {
        case "subscription":
            guard let account = names.accounts[event.objectID] ?? event.account else { return nil }
            return SubscriptionLinks(account: account, id: SubscriptionID(event.objectID)).overview
        case "account": return PageRoute.subscriptions.url(AccountID(event.objectID).description)
        case "enrollment": return PageRoute.enrollment.url(EnrollmentID(event.objectID).description)
        default: return nil
        }
    }
}
