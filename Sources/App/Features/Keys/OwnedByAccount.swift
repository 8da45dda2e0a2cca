import HTML
import Postgres
import Values

/// Lists of what an account has made for its programs, or the tenant for its own: keys, endpoints and what was sent to them.
extension ListAsk {
    /// Those of the one account, or all of the tenant's. An account that is not theirs filters everything away, as in every list.
    func owned(_ condition: (AccountID) -> SQL = { "q.account_id = \($0)" }) async throws -> SQL {
        let account = values["account_id"].flatMap { AccountID($0) }
        do {
            return try await ListAPIKeys.keyOwner(account, context).map(condition) ?? "true"
        } catch Failure.notFound where account != nil {
            return "false"
        }
    }
}

extension ListColumn {
    /// Whose it is, for the operator's desk, where those of every account stand: the account's page is there.
    static func ownerAccount(_ owner: @escaping @Sendable (Item) -> (account: AccountID?, name: String?)) -> ListColumn {
        ListColumn(
            "account", "subscriptions.account", isShownFirst: false,
            cell: { row, reader in
                let (id, name) = owner(row)
                guard let account = id?.description else { return .text(reader.t("keys.of_tenant")) }
                return reader.principal.isOperator
                    ? a(.href(PageRoute.operatorAccount.url(account))) { name ?? account } : .text(name ?? account)
            },
            file: [
                FileColumn("account_id", "list.account_id") { row, _ in .text(owner(row).account?.description) },
                FileColumn("account", "subscriptions.account") { row, _ in .text(owner(row).name) },
            ])
    }
}
