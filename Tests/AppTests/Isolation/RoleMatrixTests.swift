import App
import Billing
import TestSupport
import Testing

/// What each role of a key may do, route by route, is the table of section 7 and nothing else.
@Suite struct `Roles and routes` {
    /// A key acts as one of these four; the other two roles are people's, and `Roles and pages` asks for them.
    private static let keyRoles: [Role] = [.operator, .accountAdministrator, .finance, .reader]

    @Test func `are asked by keys of these roles and no others`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        for role in Role.allCases where !Self.keyRoles.contains(role) {
            try await tenant.post(
                "/v1/api-keys", ["account_id": "\(account)", "role": "\(role.rawValue)", "name": "No such key"]
            ).expect(422, "not_one_of")
        }
    }

    @Test(arguments: SectionSeven.allCases) func `have the permissions of the table`(row: SectionSeven) {
        #expect(row.cells.count == SectionSeven.columns.count)
        #expect(Set(SectionSeven.allCases.compactMap(\.permission)) == Set(Permission.allCases))
        guard let permission = row.permission else { return }
        for role in Role.allCases {
            for kind in AccountKind.allCases {
                let isAllowed = Permission.allows(role, permission, in: kind)
                #expect(isAllowed == (row.cell(role, in: kind) == "●"), "\(role) \(permission) \(kind)")
            }
        }
    }

    @Test(arguments: Self.keyRoles) func `agree with the table`(role: Role) async throws {
        let world = try await World.make(.shared)
        try await world.tenant.request("PATCH", "/v1/accounts/\(world.account)", ["identity_verified": true]).expect(200)
        for endpoint in Endpoint.allCases where endpoint.isUnderV1 {
            let account =
                switch endpoint {
                case .verifyIdentity, .getIdentityRequest, .cancelSubscription, .getEnrollment, .listDepartments,
                    .createDepartment,
                    .getDepartment, .getEnrollmentBalance, .downloadEnrollmentUsage, .downloadEnrollmentUsageJSON,
                    .downloadEnrollmentFOCUS,
                    .findDepartment, .updateDepartment, .deleteDepartment, .moveAccount, .moveSubscription, .listDepartmentStays:
                    world.enterpriseAccount
                case .upgradeSubscription, .declineIdentity, .getHandover, .cancelHandover: world.trialAccount
                case .requestIdentity, .suspendAccount, .liftAccount: world.desk.whole
                default: world.account
                }
            let key = role == .operator ? world.tenant.key : try await world.tenant.accountKey(account, role: role.rawValue)
            let kind: AccountKind = account == world.enterpriseAccount ? .enterprise : .standard
            let reply = try await world.send(endpoint, as: key, query: endpoint.documentation.dryRun ? "dry_run=true" : nil)
            let cell = SectionSeven(endpoint).cell(role, in: kind)
            let isRight =
                switch cell {
                case "●": reply.status < 300
                case "–": reply.status == 403
                default: reply.status == 404
                }
            #expect(isRight, "\(role) \(endpoint.rawValue): \(reply.status), the table says \(cell); \(reply.text.prefix(300))")
        }
    }

    @Test func `no key, a wrong one, a revoked one and another scheme are 401, with nothing told`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let revoked = try await tenant.accountKey(tenant.account())
        try tenant.force("update identity.api_keys set revoked_at = now() where tenant_id = $tenant and role <> 'operator'")
        for header in ["Bearer \(revoked)", "Bearer bsk_test_nonsense", "Bearer ", "Basic abc", ""] {
            let reply = try await tenant.request("GET", "/v1/me", headers: ["Authorization": header]).expect(401)
            #expect(reply.header("www-authenticate") == "Bearer")
            #expect(reply.header("api-clock") == nil)
        }
    }

    @Test func `the operator's reasons are the operator's, and what only money lifts nobody lifts by word`() async throws {
        let tenant = try await TestBursar.shared.tenant()
        let account = try await tenant.account()
        let id = try await tenant.order("prepaid", for: account, paying: "1000.00").expect(201).id
        let admin = try await tenant.accountKey(account)
        for reason in ["operator", "overdue"] {
            try await tenant.post("/v1/subscriptions/\(id)/suspend", ["reason": "\(reason)"], as: admin).expect(
                403, "reason_not_allowed_for_role")
        }
        try await tenant.suspend(id, "overdue").expect(200)
        try await tenant.post("/v1/subscriptions/\(id)/reactivate", ["reason": "overdue"], as: admin).expect(
            403, "reason_not_allowed_for_role")
        try await tenant.reactivate(id, "overdue").expect(200)
        // Only the operator says that an identity is verified; a second subscription of the customer's own needs it.
        try await tenant.order("prepaid", for: account, paying: "1000.00", as: admin).expect(409, "identity_not_verified")
        try await tenant.request("PATCH", "/v1/accounts/\(account)", ["identity_verified": true], as: admin).expect(
            403, "role_forbids")
        try await tenant.request("PATCH", "/v1/accounts/\(account)", ["identity_verified": true]).expect(200)
        try await tenant.order("prepaid", for: account, paying: "1000.00", as: admin).expect(201)
        try await tenant.invariants()
    }
}
