import HTTP

/// The enterprise portal's pages beyond the agreement's own.
extension PageHandler {
    func enterprise(_ visit: Visit, _ route: PageRoute) async throws -> HTTPResponse {
        switch route {
        case .newEnterpriseSubscriptionForm: return try await newEnterpriseSubscriptionForm(visit)
        case .reviewEnterpriseSubscription: return try await reviewEnterpriseSubscription(visit)
        case .createEnterpriseSubscription: return try await createEnterpriseSubscription(visit)
        case .enterpriseSubscriptionMade: return try await enterpriseSubscriptionMade(visit)
        case .manyForm: return try await manyForm(visit)
        case .many: return try await many(visit)
        case .manyDone: return try await manyDone(visit)
        case .enrollmentDepartments: return try await enrollmentDepartments(visit)
        case .newDepartmentForm: return try await newDepartmentForm(visit)
        case .createDepartment: return try await createDepartment(visit)
        case .department: return try await department(visit)
        case .departmentForm: return try await departmentForm(visit)
        case .editDepartment: return try await editDepartment(visit)
        case .deleteDepartmentForm: return try await deleteDepartmentForm(visit)
        case .deleteDepartment: return try await deleteDepartment(visit)
        case .enrollmentAccounts: return try await enrollmentAccounts(visit)
        case .newEnterpriseAccountForm: return try await newEnterpriseAccountForm(visit)
        case .reviewEnterpriseAccount: return try await reviewEnterpriseAccount(visit)
        case .createEnterpriseAccount: return try await createEnterpriseAccount(visit)
        case .enterpriseAccountMade: return try await enterpriseAccountMade(visit)
        case .moveAccountForm: return try await moveAccountForm(visit)
        case .moveAccount: return try await moveAccount(visit)
        case .stays: return try await stays(visit)
        case .moveForm: return try await moveForm(visit)
        case .move: return try await move(visit)
        default: throw Failure.notFound
        }
    }
}
