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
        var place: AuditPlace
        var filter = AuditFilter()
        /// The same for the list.
        var scope: [(name: String, value: String)] = []
        var owner: String
        var frame: Frame
        /// Names the file.
        var subject: String
        var jsonl: URLPath
    }

    func accountAudit(_ visit: Visit) async throws -> HTTPResponse { try await audit(try await accountLog(visit), visit) }
    func enrollmentAudit(_ visit: Visit) async throws -> HTTPResponse { try await audit(try await enrollmentLog(visit), visit) }
    func operatorAudit(_ visit: Visit) async throws -> HTTPResponse { try await audit(try operatorLog(visit), visit) }

    func accountAuditFile(_ visit: Visit) async throws -> HTTPResponse { try await file(try await accountLog(visit), visit) }
    func enrollmentAuditFile(_ visit: Visit) async throws -> HTTPResponse {
        try await file(try await enrollmentLog(visit), visit)
    }
    func operatorAuditFile(_ visit: Visit) async throws -> HTTPResponse { try await file(try operatorLog(visit), visit) }

    // MARK: Whose log

    private func accountLog(_ visit: Visit) async throws -> Log {
        let context = try visit.context()
        let account = try await FindAccount.byID(try visit.pathID(0), context)
        try TenantContext.require(.seeAudit, of: context.principal.roles(on: account.belonging), in: account.kind)
        let id = account.id.description
        var log = Log(
            place: .account(account.kind), owner: account.name,
            frame: Frame(zone: account.zone, account: (account.id, account.name), current: PageRoute.audit.url(id)),
            subject: id, jsonl: PageRoute.auditJSONL.url(id))
        log.filter.account = account.id
        log.scope = [("account_id", id)]
        return log
    }

    private func enrollmentLog(_ visit: Visit) async throws -> Log {
        let context = try visit.context()
        let enrollment = try await FindEnrollment.byID(try visit.pathID(0), context)
        let id = enrollment.id.description
        var log = Log(
            place: .enrollment, owner: enrollment.name,
            frame: Frame(enrollment: (enrollment.id, enrollment.name), current: PageRoute.enrollmentAudit.url(id)),
            subject: id, jsonl: PageRoute.enrollmentAuditJSONL.url(id))
        log.filter.enrollment = enrollment.id
        log.scope = [("enrollment_id", id)]
        return log
    }

    private func operatorLog(_ visit: Visit) throws -> Log {
        let context = try visit.context()
        try requireOperator(context)
        return Log(
            place: .tenant, owner: context.tenant.name, frame: Frame(current: PageRoute.operatorAudit.url()),
            subject: context.tenant.slug,
            jsonl: PageRoute.operatorAuditJSONL.url())
    }

    // MARK: The page and the file

    private func audit(_ log: Log, _ visit: Visit) async throws -> HTTPResponse {
        let t = visit.localiser(log.frame.zone)
        var frame = listFrame(log, t)
        if visit.filled("request_id") != nil { frame.filteredTitle = t("audit.request_unknown") }
        let query = Self.names.compactMap { name in visit.filled(name).map { (name, $0) } }
        frame.actions = [ActionLink(t("audit.jsonl"), log.jsonl.adding(query))]
        return try await list(visit, AuditEntry.list, frame, log.frame)
    }

    private func listFrame(_ log: Log, _ t: Localiser) -> ListFrame {
        var frame = ListFrame(
            title: t("audit.title"), lede: .text(t("audit.lede", ["owner": log.owner])),
            empty: .neverHad(title: t("audit.empty_title"), text: t("audit.empty_text"), action: nil),
            filteredTitle: t("audit.filtered_title"))
        frame.scope = log.scope
        frame.isProven = true
        frame.choices["action"] = AuditEntry.actions(t, in: log.place)
        return frame
    }

    /// Refuses what the list's other files refuse.
    private func file(_ log: Log, _ visit: Visit) async throws -> HTTPResponse {
        let frame = listFrame(log, visit.localiser(log.frame.zone))
        try ListView(visit: visit, description: AuditEntry.list, frame: frame, zone: log.frame.zone).requireReadable()
        let filter = narrowed(log.filter, visit, visit.localiser(log.frame.zone))
        return try await AuditDownload(filter: filter, subject: log.subject, context: try visit.context()).response()
    }

    /// The parameters that narrow the log, in the page's address and in its file's.
    private static let names = ["actor_kind", "actor", "action", "object_id", "request_id", "from", "to"]

    /// Dates are the account's civil days, both of them whole.
    private func narrowed(_ scope: AuditFilter, _ visit: Visit, _ t: Localiser) -> AuditFilter {
        func asked(_ name: String) -> String? {
            visit[name].map { $0.trimmingBlankSpace() }.flatMap { $0.isEmpty ? nil : String($0.prefix(254)) }
        }
        var filter = scope
        filter.actorKind = asked("actor_kind").flatMap { Actor.Kind(rawValue: $0) }
        filter.actor = asked("actor")
        filter.action = asked("action")
        filter.request = asked("request_id")
        // An ID that is none names nothing.
        filter.object = asked("object_id").map { UUID(anyID: $0) ?? .zero }
        filter.from = asked("from").flatMap { CivilDate(iso: $0) }.map { t.zone.startOfDay($0) }
        filter.to = asked("to").flatMap { CivilDate(iso: $0) }.map { t.zone.startOfDay($0.adding(days: 1)) }
        return filter
    }
}
