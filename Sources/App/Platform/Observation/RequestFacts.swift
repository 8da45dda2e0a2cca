import Values
import Synchronization

/// What every log line of one request says about it, however deep it is written: IDs only, never who or what (O8).
///
/// Work that no request asked for (a sweep, a mail, a webhook) may begin a trace of its own with `RequestFacts.$current.withValue`.
package final class RequestFacts: Sendable {
    @TaskLocal package static var current: RequestFacts?

    package let requestID: String?
    package let trace: Trace
    private let owner = Mutex<(tenant: String?, account: String?)>((nil, nil))

    package init(requestID: String?, trace: Trace) {
        self.requestID = requestID
        self.trace = trace
    }

    /// Called as soon as it is known whose request it is.
    package func belongs(to tenant: Tenant, _ principal: Principal) {
        let account: AccountID? =
            switch principal {
            case .key(_, let account, _, _): account
            case .user(_, _, _, let grants): grants.accounts.count == 1 ? grants.accounts.first?.key : nil
            case .commandLine: nil
            }
        owner.withLock { $0 = (tenant.slug, account?.description) }
    }

    /// In the order of O8.
    var fields: [(String, String)] {
        let owner = owner.withLock { $0 }
        var fields: [(String, String)] = []
        if let requestID { fields.append(("request_id", requestID)) }
        fields.append(("trace_id", trace.traceID))
        fields.append(("span", trace.span))
        if let parent = trace.parent { fields.append(("parent_span", parent)) }
        if let tenant = owner.tenant { fields.append(("tenant", tenant)) }
        if let account = owner.account { fields.append(("account", account)) }
        return fields
    }
}
