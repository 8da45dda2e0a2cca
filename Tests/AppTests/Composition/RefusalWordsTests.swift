import App
import Billing
import FoundationEssentials
import TestSupport
import Testing

/// Every refusal has its words in both languages. What the tests' requests are answered is held against the same by their client.
@Suite struct `The words of refusals` {
    /// Codes that the app gives by itself, beside those of Billing's rules.
    static let own = [
        "not_found", "method_not_allowed", "stale", "internal_error", "body_too_large", "unsupported_media_type", "invalid_input",
        "too_many_requests",
        "api_key_required", "invalid_api_key", "unknown_parameter", "repeated_parameter", "unknown_field", "required",
        "wrong_type", "too_short", "too_long",
        "blank", "not_one_of", "invalid_id", "invalid_time", "invalid_date", "invalid_decimal", "unknown_currency",
        "invalid_email", "invalid_characters",
        "out_of_range", "too_many_items", "malformed_json", "invalid_cursor", "invalid_idempotency_key",
        "idempotency_key_required",
        "idempotency_key_reused", "idempotency_key_in_use", "idempotency_answer_erased", "payment_already_made",
        "database_unavailable",
        "too_many_decimals", "amount_out_of_range", "amount_negative", "unknown_time_zone", "unknown_enrollment",
        "unknown_department", "unknown_partner",
        "partner_exists", "invalid_partner_code", "enrollment_exists", "department_exists", "ends_before_start",
        "not_for_standard_account",
        "department_needs_enrollment", "currency_not_offered", "payment_method_not_offered", "test_clock_live_tenant",
        "test_clock_advancing",
        "clock_backwards", "too_far", "range_backwards", "range_too_long", "batch_expected",
        "link_no_longer_valid", "password_too_short", "password_too_long", "password_common", "sign_in_exists",
        "busy", "not_a_page", "two_step_is_on", "two_step_is_off", "two_step_not_started", "two_step_unreadable",
        "invalid_return_url", "unknown_user", "invalid_phone", "unsupported_content_encoding", "invalid_gzip",
        "unknown_api_version",
    ]

    @Test(arguments: Language.allCases) func `are there for every code`(language: Language) throws {
        let words = try Localisation(folder: Folders().web.appending(path: "strings"))[language]
        let codes =
            Self.own + LifecycleRefusal.allCases.map(\.code) + OrderRefusal.allCases.map(\.code)
            + PaymentRefusal.allCases.map(\.code)
            + WriteOffRefusal.allCases.map(\.code) + PermissionDenial.allCases.map(\.code) + MemberRefusal.allCases.map(\.code)
        for code in codes {
            #expect(words.has("error.\(code).title"), "\(code)")
            #expect(words.has("error.\(code).detail"), "\(code)")
        }
        let verdicts = words.keys.filter { $0.hasPrefix("usage.rejection.") }.map { String($0.dropFirst(16)) }
        #expect(Set(verdicts) == Set(UsageVerdictCode.all))
    }
}
