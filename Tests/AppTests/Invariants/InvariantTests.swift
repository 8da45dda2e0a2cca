import App
import FoundationEssentials
import Postgres
import TestSupport
import Testing
import Values

/// Each file of `SQL/invariants` is tried: it is silent on whole data, and speaks when the data is broken behind the app's back. A file without a
/// way to break it here is a red test.
@Suite struct `The invariants` {
    /// What breaks each, one by one, as the superuser with foreign keys asleep.
    static let breaks: [String: [String]] = [
        "audit_event_knows_its_agreement": [
            "update audit_events set enrollment_id = null", "update audit_events set enrollment_id = object_id",
        ],
        "bill_line_is_its_usage": ["update bill_lines set exact_amount = exact_amount + 1", "delete from bill_lines"],
        "bill_line_is_rounded_once": ["update bill_lines set posted_minor = posted_minor + 1"],
        "bill_lines_are_the_postings": ["update bill_lines set posted_minor = posted_minor + 1", "delete from bill_lines"],
        "catalogue_app_role_is_humble": [
            "grant truncate on accounts to bursar_app", "grant update (amount_minor) on payments to bursar_app",
            "grant delete on payments to bursar_app",
            "alter table accounts owner to bursar_app", "alter role bursar_app bypassrls",
            "grant update on accounts to bursar_app",
        ],
        "catalogue_row_security_is_forced": [
            "drop policy one_tenant on accounts", "alter table accounts no force row level security",
            "alter table accounts disable row level security",
            "create policy second on accounts using (true)", "create index on accounts (name)",
            "create table stray (id uuid primary key)",
            "create view peek as select * from accounts", "create materialized view peek as select * from accounts",
            "create function peek() returns bigint language sql security definer as 'select count(*) from accounts'",
            "drop policy one_tenant on accounts; create policy one_tenant on accounts for select using (true)",
        ],
        "deleted_subscription_has_no_data": [
            "update usage_records set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update usage_events set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update audit_details set object_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update transition_events set note = 'left' where subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update idempotency_keys set object_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update timers set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update mails set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update notice_timers set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0) where subscription_id is not null",
            "delete from deletion_certificates",
            "update payment_intents set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0)",
            "update bill_lines set subscription_id = (select id from subscriptions where state = 'deleted' and outstanding_minor = 0) where ctid = (select min(ctid) from bill_lines where fixed_at is null)",
        ],
        "deletion_timer_follows_the_deadline": [
            "delete from timers where kind = 'subscription_deletion'", "delete from timers where kind = 'pending_lapse'",
            "update timers set due_at = due_at + interval '1 microsecond' where kind = 'subscription_deletion'",
            "update timers set due_at = due_at + interval '1 microsecond' where kind = 'pending_lapse'",
        ],
        "department_is_the_open_membership": [
            "delete from department_memberships", "update department_memberships set to_at = now()",
            "update department_memberships set department_id = enrollment_id",
            "update subscriptions set department_id = enrollment_id where enrollment_id is not null",
            "update department_memberships set sequence = 2, from_at = now()",
            "update department_memberships set enrollment_id = subscription_id",
            """
            update department_memberships set to_at = '2025-01-15'; \
            insert into department_memberships select tenant_id, subscription_id, 2, enrollment_id, department_id, '2025-01-14', null \
            from department_memberships where sequence = 1
            """,
            """
            update department_memberships set to_at = '2025-01-15'; \
            insert into department_memberships select tenant_id, subscription_id, 2, enrollment_id, department_id, '2025-01-16', null \
            from department_memberships where sequence = 1
            """,
        ],
        "department_lines_are_the_bill": [
            "delete from department_lines", "update department_lines set posted_minor = posted_minor + 1",
            "update department_lines set exact_amount = exact_amount + 1",
            "update department_lines set department_id = enrollment_id",
            "delete from department_spend", "update department_spend set posted_minor = posted_minor - 1",
        ],
        "enrollment_posted_is_its_lines": [
            "update enrollments set posted_minor = posted_minor + 1",
            "update ledger_accounts set balance_minor = balance_minor - 1 where kind = 'commitment'",
        ],
        "event_was_told_by_this_cluster": ["update outbox_events set xact = '9000000000'"],
        "history_covers_the_lots": [
            "update ledger_transfers set subscription_id = null where credit_kind = 'credit_lot'",
            "update ledger_transfers set purpose = 'overage' where debit_kind = 'credit_lot'",
            "update ledger_transfers set subscription_id = account_id, debit_kind = 'receivable' where debit_kind = 'credit_lot'",
        ],
        "ledger_balance_is_sum_of_transfers": [
            "update ledger_accounts set balance_minor = balance_minor + 1 where kind = 'credit_lot'",
            "delete from ledger_transfers where purpose = 'usage'",
        ],
        "ledger_transfer_currency_is_its_accounts": ["update ledger_transfers set currency = 'USD'"],
        "live_lot_has_its_expiry_timer": [
            "delete from timers where kind = 'lot_expiry'",
            "update timers set due_at = due_at + interval '1 microsecond' where kind = 'lot_expiry'",
        ],
        "lot_balance_knows_its_account": [
            "update ledger_accounts set account_id = (select a.id from accounts a where a.id <> account_id limit 1) where account_id is not null"
        ],
        "lot_was_funded_in_full": [
            "update credit_lots set amount_minor = amount_minor + 1", "update credit_lots set expired_at = effective_at",
        ],
        "open_interval_means_suspended": [
            "delete from suspension_intervals",
            "update suspension_intervals set suspended_at = suspended_at - interval '1 second'",
            "update suspension_intervals set reactivated_at = suspended_at",
        ],
        "outstanding_is_the_receivable": ["update subscriptions set outstanding_minor = outstanding_minor + 1"],
        "payment_intent_is_its_payment": [
            "delete from payments where method = 'sandbox'", "delete from payment_intents",
            "update payments set amount_minor = amount_minor + 1",
            "update payment_intents set status = 'cancelled' where status = 'succeeded'",
        ],
        "payment_received_is_its_parts": [
            "update payment_intents set received_minor = received_minor + 1 where status = 'pending'",
            "delete from remittance_allocations",
            "update ledger_accounts set balance_minor = balance_minor + 1 where kind = 'payment_in_transit'",
        ],
        "pending_payment_has_its_timer": [
            "delete from timers where kind = 'payment_expiry'",
            "update timers set due_at = due_at + interval '1 microsecond' where kind = 'payment_expiry'",
            "update payment_intents set status = 'cancelled', ended_at = created_at where status = 'pending'",
        ],
        "remittance_is_its_ledger": [
            "update remittances set unallocated_minor = unallocated_minor - 1 where status = 'unmatched'",
            "update ledger_accounts set balance_minor = balance_minor + 1 where kind = 'unallocated_remittance'",
            "delete from remittance_allocations",
        ],
        "payment_is_its_transfers": [
            "update payments set amount_minor = amount_minor + 1", "update payments set debt_paid_minor = debt_paid_minor + 1",
            "delete from ledger_transfers where source_kind = 'payment'",
        ],
        "state_is_the_end_of_its_history": [
            "delete from transition_events", "update transition_events set to_state = 'past_due'",
            "update transition_events set from_state = 'past_due' where from_state = 'pending'",
        ],
        "subscription_belongs_to_its_account": [
            "update subscriptions set currency = 'USD'", "update orders set account_id = subscription_id",
            "update orders set subscription_id = account_id",
        ],
        "transition_left_audit_and_outbox": ["delete from audit_events", "delete from outbox_events"],
        "unsettled_usage_is_queued": ["delete from work.settlement_queue", "update usage_records set settlement_id = null"],
        "written_off_is_its_entry": [
            """
            update subscriptions set written_off_minor = outstanding_minor, written_off_at = now(), outstanding_minor = 0 \
            where state = 'deleted' and outstanding_minor > 0
            """,
            """
            update ledger_transfers set purpose = 'debt_written_off', credit_kind = 'receivable', credit_owner_id = subscription_id \
            where purpose = 'usage'
            """,
        ],
        "usage_event_has_its_record": ["delete from usage_events", "delete from usage_records"],
    ]

    @Test func `are silent on whole data and each speaks of every break it is there for`() async throws {
        let bursar = try await TestBursar(writeConnections: 2)
        let world = try await World.make(bursar)
        try await bursar.invariants(world.tenant.id)
        let all = try Invariant.all(in: bursar.instance.folders.sql)
        #expect(
            Set(all.map(\.name)) == Set(Self.breaks.keys),
            "a file of SQL/invariants without a way to break it, or the other way round")
        for invariant in all {
            #expect(!invariant.meaning.isEmpty, "\(invariant.name) does not say what it means")
            for statement in Self.breaks[invariant.name] ?? [] {
                let session = try bursar.database.superuser()
                try session.run("begin; set local session_replication_role = replica")
                try session.run(statement)
                let rows = try session.query(SQL(unsafeSQL: invariant.text))
                #expect(rows.count > 0, "\(invariant.name) is silent after: \(statement)")
                try session.run("rollback")
            }
        }
        try await bursar.invariants(world.tenant.id)
        await bursar.close()
    }

    /// The control of the isolation tests: without the policy, another tenant's rows do show, so the tests that see none can fail.
    @Test func `have their reason: without its policy a table shows another tenant's rows`() async throws {
        let bursar = try await TestBursar(writeConnections: 2)
        let theirs = try await bursar.tenant("theirs")
        _ = try await theirs.account()
        let mine = try await bursar.tenant("mine")
        func seen() throws -> Int {
            let session = try AdminSession(url: bursar.database.appURL)
            try session.run("begin; set local app.tenant_id = '\(mine.id.uuid.uuidString)'")
            return try session.query("select 1 from accounts").count
        }
        #expect(try seen() == 0)
        try bursar.database.superuser().run("drop policy one_tenant on accounts; alter table accounts disable row level security")
        #expect(try seen() == 1)
        await #expect(throws: TestFault.self) { try await bursar.invariants(mine.id) }
        await bursar.close()
    }
}
