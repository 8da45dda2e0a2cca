import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Begins the next version as a copy of the newest one; in a currency that the offer does not list yet, as the product's own numbers.
package struct CreatePolicyDraft: Sendable {
    let offer: Offer
    let currency: Currency

    package init(offer: Offer, currency: Currency) {
        self.offer = offer
        self.currency = currency
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            let tenant = write.tenant.id
            let rows = try await write.begin([
                PublishedPolicy.chain(tenant, offer, currency), PolicyDraft.openOne(tenant, offer, currency),
            ])
            guard rows[1].isEmpty else { throw Failure.conflict(code: "policy_draft_exists") }
            let newest = try rows[0].first.map { try PublishedPolicy($0, offer, currency, isNewest: true).policy }
            let draft = PolicyDraft(
                id: write.newID(), policy: newest ?? .standard(offer, in: currency), basedOn: newest?.version ?? 0,
                at: write.now)
            let made = try await write.query(insert(draft, write))
            guard !made.isEmpty else { throw Failure.conflict(code: "policy_draft_exists") }
            write.audit("policy_draft.created", object: ("policy_draft", draft.id.uuid))
            return draft.answer(201)
        }
    }

    private func insert(_ draft: PolicyDraft, _ write: Write) -> SQL {
        let policy = draft.policy
        return """
            insert into offer_policy_drafts (tenant_id, id, offer, currency, based_on, status, minimum_payment_minor, largest_payment_minor, \
            validity_months, retention_days, trial_price_minor, trial_credit_minor, trial_months, grace_days, pending_lapse_days, edited_by, \
            created_at, updated_at) values (\(write.tenant.id), \(draft.id), \(offer), \(currency), \(Int32(draft.basedOn)), 'open', \
            \(policy.minimumPayment.minor), \(policy.largestPayment.minor), \(Int32(policy.validityMonths)), \(Int32(policy.retentionDays)), \
            \(policy.trialPrice.minor), \(policy.trialCredit.minor), \(Int32(policy.trialMonths)), \(Int32(policy.graceDays)), \
            \(Int32(policy.pendingLapseDays)), \(write.principal.id), \(write.now), \(write.now)) on conflict do nothing returning id
            """
    }
}

extension Write {
    /// The draft with its row locked; what is published or discarded is no draft any more.
    func lockDraft(_ id: PolicyDraftID, ifMatch: String?, also statements: [SQL] = []) async throws -> (PolicyDraft, [Rows]) {
        let rows = try await begin(
            [
                """
                select \(PolicyDraft.columns) from offer_policy_drafts d where d.tenant_id = \(tenant.id) and d.id = \(id) for no key update
                """
            ] + statements)
        guard let draft = try rows[0].first.map(PolicyDraft.init) else { throw Failure.notFound }
        guard draft.status == "open" else { throw Failure.conflict(code: "policy_draft_closed") }
        try Failure.requireMatch(ifMatch, draft.etag)
        return (draft, Array(rows[1...]))
    }

    func store(_ draft: PolicyDraft) {
        let policy = draft.policy
        enqueue(
            """
            update offer_policy_drafts set status = \(draft.status), minimum_payment_minor = \(policy.minimumPayment.minor), \
            largest_payment_minor = \(policy.largestPayment.minor), validity_months = \(Int32(policy.validityMonths)), \
            retention_days = \(Int32(policy.retentionDays)), trial_price_minor = \(policy.trialPrice.minor), \
            trial_credit_minor = \(policy.trialCredit.minor), trial_months = \(Int32(policy.trialMonths)), \
            grace_days = \(Int32(policy.graceDays)), pending_lapse_days = \(Int32(policy.pendingLapseDays)), edited_by = \(principal.id), \
            version = \(draft.version), updated_at = \(draft.updatedAt) where tenant_id = \(tenant.id) and id = \(draft.id)
            """)
    }
}

/// Changes numbers of the draft; those that are not named stay.
package struct EditPolicyDraft: Sendable {
    let id: PolicyDraftID
    let values: [PolicyNumber: PolicyNumber.Value]
    let ifMatch: String?

    package init(id: PolicyDraftID, values: [PolicyNumber: PolicyNumber.Value], ifMatch: String?) {
        self.id = id
        self.values = values
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            var (draft, _) = try await write.lockDraft(id, ifMatch: ifMatch)
            let before = draft.policy
            for (number, value) in values { try draft.policy.set(number, to: value) }
            try draft.policy.confirmPossible()
            let changed = draft.policy.differences(from: before)
            guard !changed.isEmpty else { return draft.answer(200) }
            draft.version += 1
            draft.updatedAt = write.now
            write.store(draft)
            write.audit(
                "policy_draft.edited", object: ("policy_draft", id.uuid),
                details: (before.json(of: changed), draft.policy.json(of: changed)))
            return draft.answer(200)
        }
    }
}

extension OfferPolicy {
    /// Refused on the field of each number that cannot be.
    func confirmPossible() throws {
        let errors = faults.map { fault in
            switch fault.kind {
            case .outside(let range):
                FieldError(
                    "/\(fault.number.rawValue)", "policy_number_out_of_range",
                    ["min": String(range.lowerBound), "max": String(range.upperBound)])
            case .notPositive(let least), .below(_, let least):
                FieldError(
                    "/\(fault.number.rawValue)", "policy_amount_too_small",
                    ["minimum": least.decimalString, "currency": least.currency.code])
            }
        }
        guard errors.isEmpty else { throw Failure.invalid(errors) }
    }

    mutating func set(_ number: PolicyNumber, to value: PolicyNumber.Value) throws {
        switch (number, value) {
        case (.minimumPayment, .money(let money)) where money.currency == currency: minimumPayment = money
        case (.largestPayment, .money(let money)) where money.currency == currency: largestPayment = money
        case (.trialPrice, .money(let money)) where money.currency == currency: trialPrice = money
        case (.trialCredit, .money(let money)) where money.currency == currency: trialCredit = money
        case (.validityMonths, .months(let count)): validityMonths = count
        case (.trialMonths, .months(let count)): trialMonths = count
        case (.retentionDays, .days(let count)): retentionDays = count
        case (.graceDays, .days(let count)): graceDays = count
        case (.pendingLapseDays, .days(let count)): pendingLapseDays = count
        default:
            throw Failure.invalid([
                FieldError("/\(number.rawValue)/currency", "currency_mismatch", ["currency": currency.code])
            ])
        }
    }

    func json(of numbers: [PolicyNumber]) -> String {
        jsonText { json in
            for number in numbers {
                switch value(number) {
                case .money(let money): json.field(number.rawValue, money)
                case .months(let count), .days(let count): json.field(number.rawValue, count)
                }
            }
        }
    }
}

package struct DiscardPolicyDraft: Sendable {
    let id: PolicyDraftID
    let ifMatch: String?

    package init(id: PolicyDraftID, ifMatch: String? = nil) {
        self.id = id
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            var (draft, _) = try await write.lockDraft(id, ifMatch: ifMatch)
            draft.status = "discarded"
            draft.version += 1
            draft.updatedAt = write.now
            write.store(draft)
            write.audit("policy_draft.discarded", object: ("policy_draft", id.uuid))
            return draft.answer(200)
        }
    }
}

/// L10: the draft becomes the next version. From now on it is what is sold; whatever was sold before keeps its own.
package struct PublishPolicyDraft: Sendable {
    let id: PolicyDraftID
    let note: String?
    let ifMatch: String?

    package init(id: PolicyDraftID, note: String? = nil, ifMatch: String? = nil) {
        self.id = id
        self.note = note
        self.ifMatch = ifMatch
    }

    package func run(_ context: TenantContext, _ options: CommandOptions) async throws -> Answer {
        try context.require(.operate)
        return try await context.command(options) { write in
            var (draft, _) = try await write.lockDraft(id, ifMatch: ifMatch)
            try draft.policy.confirmPossible()
            let chain = try await write.query(
                PublishedPolicy.chain(write.tenant.id, draft.policy.offer, draft.policy.currency))
            let newest = try chain.first.map {
                try PublishedPolicy($0, draft.policy.offer, draft.policy.currency, isNewest: true).policy
            }
            guard (newest?.version ?? 0) == draft.basedOn else { throw Failure.conflict(code: "policy_draft_outdated") }
            if let newest, draft.policy.differences(from: newest).isEmpty {
                throw Failure.conflict(code: "policy_draft_changes_nothing")
            }
            draft.status = "published"
            draft.version += 1
            draft.updatedAt = write.now
            write.store(draft)
            write.enqueue(
                CreateTenant.insert(
                    draft.policy, write.tenant.id, write.now, by: write.principal.id, note: note))
            let changed = newest.map { draft.policy.differences(from: $0) } ?? PolicyNumber.allCases
            write.audit(
                "policy.published", object: ("policy_draft", id.uuid),
                details: (newest?.json(of: changed) ?? "{}", draft.policy.json(of: changed)))
            write.emit(.policyPublished, object: ("policy_draft", id.uuid), account: nil, sequence: draft.version)
            return draft.answer(200)
        }
    }
}
