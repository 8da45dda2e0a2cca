import Billing
import FoundationEssentials
import HTTP
import Values

extension Endpoint {
    /// What the document says of payments, remittances and bank accounts.
    var paymentDocumentation: EndpointDocumentation {
        switch self {
        case .listPayments:
            .read(
                "payments", "Payments as asked for, newest first, whatever became of them.", .list("Payment"),
                query: ShownPayment.list.query)
        case .getPayment: .read("payments", "One payment.", .object(200, "Payment")).tagged()
        case .cancelPayment:
            action(
                "payments", "Give up a payment that waits. What has arrived in part is held for its sender.", Input.nothing,
                "Payment", .finance, versioned: false)
        case .listRemittances:
            .read(
                "remittances", "Money that has arrived by bank transfer, newest first.", .list("Remittance"),
                query: Remittance.list.query, who: .operators)
        case .recordRemittance:
            .create(
                "remittances", "Write down a transfer that has arrived, once under the bank's own number.", "Remittance",
                Input.recordRemittance, who: .operators, money: true)
        case .getRemittance: .read("remittances", "One remittance.", .object(200, "Remittance"), who: .operators).tagged()
        case .matchRemittance:
            action(
                "remittances", "Give what has arrived to a payment: exact, in part, more than asked for, or late.",
                Input.matchRemittance,
                "Remittance", .operators)
        case .returnRemittance:
            action(
                "remittances", "Say that what no payment took has gone back to its sender.", Input.returnRemittance, "Remittance",
                .operators)
        case .listBankAccounts:
            .read(
                "remittances", "Where customers send their money, one account a currency.", .list("BankAccount"), who: .operators)
        default:
            EndpointDocumentation(
                tag: "remittances", summary: "Set the bank account of a currency; with one, bank transfer is offered in it.",
                audience: .operators, body: Input.setBankAccount, answer: .object(200, "BankAccount"),
                refusals: [403, 409, 412, 413, 415, 422], dryRun: true, hasETag: true)
        }
    }

    private func action(
        _ tag: String, _ summary: String, _ body: Schema, _ object: String, _ who: EndpointDocumentation.Audience,
        versioned: Bool = true
    ) -> EndpointDocumentation {
        EndpointDocumentation(
            tag: tag, summary: summary, audience: who, body: body, answer: .object(200, object),
            refusals: [403, 409] + (versioned ? [412] : []) + [413, 415, 422], idempotency: .required, dryRun: true)
    }
}

extension Input {
    static let bankAccountShape: [Schema.Field] = [
        .init("currency", .text(min: 3, max: 3), "ISO 4217."), .init("account_holder", .line(min: 1, max: 200)),
        .init("bank_name", .line(min: 1, max: 200)), .init("account_number", .line(min: 1, max: 64)),
        .optional("bank_code", .line(max: 64), "SWIFT, sort code or the like."),
    ]
    static let setBankAccount: Schema = .object(
        bankAccountShape + [
            .optional("pending_days", .integer(min: 1, max: 90), "How long a transfer is waited for; 14 unless said.")
        ])
    static let recordRemittance: Schema = .object([
        .init("bank_number", .text(min: 1, max: 100), "The bank's own number of the movement; unique."), .init("amount", money),
        .optional("payer", .text(min: 1, max: 200)),
        .optional("reference_text", .text(min: 1, max: 500), "What the sender wrote on it."),
        .optional("received_at", .format("date-time")),
    ])
    static let matchRemittance: Schema = .object([.init("payment_id", .id("pay"))])
    static let returnRemittance: Schema = .object([.init("note", .text(min: 1, max: 1000), "Why, and how it went back.")])
}

extension Schema {
    /// What is said of a payment beside its subscription and on its own.
    static let paymentOutcome: [Schema.Field] = [
        .init("method", .word(PaymentMethod.allCases.map(\.rawValue))),
        .init("status", .word(PaymentStatus.allCases.map(\.rawValue)), "Money has moved only when `succeeded`."),
        .init("amount", .named("Money")), .init("decline_code", .nullable(.text(max: 60))),
        .init("expires_at", .nullable(instant), "How long a pending one is waited for."),
        .init("reference", .nullable(.text(max: 16)), "To be written on the bank transfer (ISO 11649)."),
        .init(
            "bank_account",
            .nullable(
                .object([
                    .init("account_holder", .text(max: 200)), .init("bank_name", .text(max: 200)),
                    .init("account_number", .text(max: 64)),
                    .init("bank_code", .text(max: 64)),
                ])), "Where to send the money while it is waited for."),
    ]

    private static let payment: [Schema.Field] =
        [
            .init("id", .id("pay")), .init("object", .word(["payment"])), .init("account_id", .id("acc")),
            .init("subscription_id", .id("sub")), .init("order_id", .nullable(.id("ord"))),
            .init("kind", .word(PaymentKind.allCases.map(\.rawValue))),
        ] + paymentOutcome + [
            .init("received", .named("Money"), "What has arrived by bank transfer so far."),
            .init(
                "held", .named("Money"),
                "What arrived and this payment did not take, beyond its amount or in part of one that ended, and is still held: for another payment, or to be returned."
            ),
            .init("debt_paid", .named("Money")),
            .init("created_at", instant), .init("ended_at", .nullable(instant)), dryRun,
        ]

    package static let paymentComponents: [(name: String, schema: Schema)] = [
        ("Payment", .object(payment)),
        (
            "Remittance",
            .object([
                .init("id", .id("rem")), .init("object", .word(["remittance"])),
                .init("status", .word(Remittance.Status.allCases.map(\.rawValue))), .init("bank_number", .text(max: 100)),
                .init("amount", .named("Money")), .init("unallocated", .named("Money"), "What no payment has taken yet."),
                .init("returned", .named("Money")), .init("payer", .nullable(.text(max: 200))),
                .init("reference_text", .nullable(.text(max: 500))),
                .init("reference", .nullable(.text(max: 16)), "The reference found in it, its check digits right."),
                .init("note", .nullable(.text(max: 1000))),
                .init(
                    "allocations",
                    .list(
                        .object([
                            .init("payment_id", .id("pay")), .init("account_id", .id("acc")), .init("amount", .named("Money")),
                            .init("matched_at", instant), .init("released_at", .nullable(instant)),
                        ]), max: 10_000)),
                .init("received_at", instant), .init("returned_at", .nullable(instant)), .init("created_at", instant),
                .optional("payment", .named("Payment"), "The payment after it was matched."), dryRun,
            ])
        ),
        (
            "BankAccount",
            .object(
                [.init("id", .id("bac")), .init("object", .word(["bank_account"]))] + Input.bankAccountShape + [
                    .init("pending_days", .integer(min: 1, max: 90)), .init("updated_at", instant), dryRun,
                ])
        ),
    ]
}

extension APIHandler {
    func wish(_ members: JSONMembers?, at pointer: String, _ request: APIRequest) throws -> PaymentWish {
        PaymentWish(
            amount: try payment(members, at: pointer, request),
            method: members?["method"]?.text.flatMap { PaymentMethod(rawValue: $0) } ?? .sandbox)
    }

    /// Payments, remittances and bank accounts.
    func answerPayments(_ request: APIRequest) async throws -> HTTPResponse {
        let context = request.context
        switch request.endpoint {
        case .listPayments: return try await list(request, ShownPayment.list)
        case .getPayment:
            let found = try await FindPayment.byID(try request.pathID(), context)
            return response(found.answer(200), request)
        case .cancelPayment:
            _ = try request.body()
            return response(try await CancelPayment(id: try request.pathID()).run(context, try request.options()), request)
        case .listRemittances: return try await list(request, Remittance.list)
        case .recordRemittance:
            return response(try await recordRemittance(request).run(context, try request.options()), request)
        case .getRemittance:
            return response(try await FindRemittance.byID(try request.pathID(), context).answer(), request)
        case .matchRemittance:
            let id: RemittanceID = try request.pathID()
            guard let payment = try request.body()["payment_id"]?.text.flatMap({ PaymentID($0) }) else {
                throw Failure.invalid([FieldError("/payment_id", "required")])
            }
            let useCase = MatchRemittance(id: id, payment: payment, ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .returnRemittance:
            let useCase = ReturnRemittance(
                id: try request.pathID(), note: try request.body()["note"]?.text ?? "", ifMatch: request.ifMatch)
            return response(try await useCase.run(context, try request.options()), request)
        case .listBankAccounts:
            let all = try await ListBankAccounts.run(context)
            let page = ListPage(all, limit: all.count) { ($0.updatedAt, $0.id.uuid) }
            return await list(request, page) { $0.write(to: &$1) }
        default: return response(try await setBankAccount(request).run(context, try request.options()), request)
        }
    }

    private func recordRemittance(_ request: APIRequest) throws -> RecordRemittance {
        let body = try request.body()
        guard let amount = try request.money(body["amount"], at: "/amount") else {
            throw Failure.invalid([FieldError("/amount", "required")])
        }
        return RecordRemittance(
            bankNumber: body["bank_number"]?.text ?? "", amount: amount, payer: body["payer"]?.text,
            words: body["reference_text"]?.text,
            receivedAt: body["received_at"]?.text.flatMap { Instant(rfc3339: $0) })
    }

    private func setBankAccount(_ request: APIRequest) throws -> SetBankAccount {
        let body = try request.body()
        guard let currency = body["currency"]?.text.flatMap({ Currency($0) }) else {
            throw Failure.invalid([FieldError("/currency", "unknown_currency")])
        }
        let days: Int? = if case .number(let text)? = body["pending_days"] { Int(text) } else { nil }
        return SetBankAccount(
            currency: currency, accountHolder: body["account_holder"]?.text ?? "", bankName: body["bank_name"]?.text ?? "",
            accountNumber: body["account_number"]?.text ?? "", bankCode: body["bank_code"]?.text ?? "",
            pendingDays: days ?? BankAccount.customaryPendingDays, ifMatch: request.ifMatch)
    }
}
