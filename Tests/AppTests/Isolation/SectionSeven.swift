import App
import Billing

/// The table of product.md section 7, a row a case, and to which of its rows each endpoint of the API belongs. Written by hand from the document, never computed:
/// the tests beside it hold against it what the running routes answer, and `Billing`'s permissions. A page's row stands in `PageMatrix`.
///
/// Cells in the order of the document: account administrator, finance, reader, service administrator, enterprise administrator, operator.
/// `●` may, `E` may in an enterprise account, `–` is refused with 403, `·` is not found (404): not theirs at all.
enum SectionSeven: CaseIterable {
    /// Not in the table: what every key may, about whatever it sees of its own.
    case everybody
    /// See account, subscriptions, bills: the service administrator sees her own subscription and no account.
    case seeAccount, seeSubscription
    /// Top up, orders, vouchers, cards, invoices.
    case pay
    /// Rename subscription, set service admin, partner.
    case edit
    /// Create a standard subscription; a trial becomes one by an upgrade.
    case createStandard, upgrade
    /// Create an enterprise account or subscription. The agreement is not there for anybody else; whoever sees a subscription is told that she may not move it.
    case enrollment, createEnterprise
    case cancelEnterprise
    case issueVouchers
    /// Suspend and reactivate on request.
    case suspendAndReactivate
    /// Members, API keys, webhooks, and alerts, which finance looks after too.
    case administer, alerts
    /// The account is its administrator's to hand over.
    case handOver
    /// L4: whoever runs the services says that they are set up again.
    case confirmServices
    /// L9: who did what is the administrators' to read.
    case audit
    /// Catalogue, partners, credit limits, confirmations, refunds; usage, customers' accounts and the test clock.
    case provide, createAccount
    /// Long work is stopped by whoever began it, here the operator.
    case stopWork

    var cells: [Character] {
        let text =
            switch self {
            case .everybody: "● ● ● ● ● ●"
            case .seeAccount: "● ● ● – ● ●"
            case .seeSubscription: "● ● ● ● ● ●"
            case .pay: "● ● – – ● ●"
            case .edit: "● – – – ● ●"
            case .createStandard: "● – – – – ●"
            case .upgrade: "● – – – – ●"
            case .enrollment: "· · · · ● ●"
            case .createEnterprise: "– – – – ● ●"
            case .cancelEnterprise: "E – – – E E"
            case .issueVouchers: "– – – – – ●"
            case .suspendAndReactivate: "● – – – ● ●"
            case .administer: "● – – – ● ●"
            case .alerts: "● ● – – ● ●"
            case .handOver: "● – – – – ●"
            case .confirmServices: "● – – ● ● ●"
            case .audit: "● – – – ● ●"
            case .provide: "– – – – – ●"
            case .createAccount: "– – – – – ●"
            case .stopWork: "– – – – – ●"
            }
        return text.filter { $0 != " " }
    }

    /// The columns of the document.
    static let columns: [Role] = [
        .accountAdministrator, .finance, .reader, .serviceAdministrator, .enterpriseAdministrator, .operator,
    ]

    func cell(_ role: Role, in kind: AccountKind) -> Character {
        let cell = zip(Self.columns, cells).first { $0.0 == role }?.1 ?? "?"
        return cell == "E" ? (kind == .enterprise ? "●" : "–") : cell
    }

    /// The permission of `Billing` that ought to be the same row; nil where a route asks for none.
    var permission: Permission? {
        switch self {
        case .everybody, .stopWork: nil
        case .seeAccount: .seeAccount
        case .seeSubscription: .seeSubscription
        case .pay: .pay
        case .edit: .editSubscription
        case .createStandard: .createStandardSubscription
        case .upgrade: .upgrade
        case .enrollment, .createEnterprise: .createEnterprise
        case .cancelEnterprise: .cancelEnterpriseSubscription
        case .issueVouchers: .issueVouchers
        case .suspendAndReactivate: .suspendAndReactivate
        case .administer: .manageMembers
        case .alerts: .manageAlerts
        case .handOver: .handOverAccount
        case .confirmServices: .confirmServices
        case .audit: .seeAudit
        case .provide: .operate
        case .createAccount: .createStandardAccount
        }
    }

    /// Exhaustive: a new endpoint does not compile without its line here.
    init(_ endpoint: Endpoint) {
        self =
            switch endpoint {
            case .healthz, .readyz, .metrics, .openapi, .problem: .everybody
            case .me, .search, .listRoles: .everybody
            // Lists hold what the key sees; reports and verdicts come item by item.
            case .listAccounts, .listSubscriptions, .listEnrollments, .listOrders, .listPayments, .listNotifications,
                .listOperations, .listEvents, .listReceivedEvents, .actOnSubscriptions, .checkEntitlements:
                .everybody

            case .getAccount, .getProfile, .downloadAccountUsage, .downloadAccountUsageJSON, .downloadAccountFOCUS, .getPayment,
                .getNotification, .getEvent, .getOperation, .listAccountIdentityRequests, .getIdentityRequest:
                .seeAccount
            case .getSubscription, .getEntitlement, .listSubscriptionEvents, .getUsage, .downloadUsage, .downloadUsageJSON,
                .downloadFOCUS, .downloadErasable, .getBillingHistory, .downloadBillingHistory, .getOutlook,
                .getDeletionCertificate, .listDepartmentStays, .getOrder:
                .seeSubscription

            case .paySubscription, .cancelPayment: .pay

            case .updateSubscription, .setPartner, .removePartner, .checkPartner, .updateAccount, .updateProfile: .edit

            case .createSubscription: .createStandard
            case .upgradeSubscription: .upgrade

            case .getEnrollment, .getEnrollmentBalance, .downloadEnrollmentUsage, .downloadEnrollmentUsageJSON,
                .downloadEnrollmentFOCUS, .listDepartments, .createDepartment, .getDepartment, .findDepartment,
                .updateDepartment, .deleteDepartment, .moveAccount:
                .enrollment
            case .moveSubscription: .createEnterprise

            case .cancelSubscription: .cancelEnterprise
            case .suspendSubscription, .reactivateSubscription: .suspendAndReactivate
            case .confirmServices: .confirmServices

            case .listMembers, .inviteMember, .getMember, .changeMember, .removeMember, .resendInvitation, .requestIdentity:
                .administer
            case .listAPIKeys, .createAPIKey, .getAPIKey, .updateAPIKey, .rotateAPIKey, .revokeAPIKey: .administer
            case .listWebhookEndpoints, .createWebhookEndpoint, .getWebhookEndpoint, .updateWebhookEndpoint,
                .deleteWebhookEndpoint, .rotateWebhookSecret, .testWebhookEndpoint, .listWebhookDeliveries, .getWebhookDelivery,
                .retryWebhookDelivery:
                .administer
            case .resendNotification: .alerts
            case .getHandover, .startHandover, .cancelHandover: .handOver

            case .listAuditEvents, .getAuditEvent, .getAccountTimeline: .audit

            case .createAccount: .createAccount
            case .cancelOperation: .stopWork
            case .createPortalSession, .createEnrollment, .receiveUsage, .getTestClock, .advanceTestClock: .provide
            case .listOffers, .listOfferPolicies, .createPolicyDraft, .getPolicyDraft, .updatePolicyDraft, .publishPolicyDraft,
                .discardPolicyDraft, .moveSubscriptions:
                .provide
            case .listPartners, .createPartner, .getPartner, .updatePartner: .provide
            case .listRemittances, .recordRemittance, .getRemittance, .matchRemittance, .returnRemittance, .listBankAccounts,
                .setBankAccount:
                .provide
            case .listIdentityRequests, .verifyIdentity, .declineIdentity: .provide
            case .listAccountNotes, .getAccountNote, .addAccountNote, .eraseAccountNote, .suspendAccount, .liftAccount,
                .listJobs, .retryJob, .getSwitches, .updateSwitches, .writeOffSubscription:
                .provide
            }
    }
}
