import Billing
import HTML
import Values

/// What each role may do: a row a permission, a column a role.
package struct RolesPage: Page {
    package init() {}

    package func title(_ t: Localiser) -> String { t("roles.title") }

    package func content(_ t: Localiser) -> HTML {
        group {
            PageHeading(t("roles.title"), lede: .text(t("roles.lede"))).html
            DataTable(
                t("roles.title"),
                columns: [TableColumn(t("roles.permission"))] + Role.allCases.map { TableColumn(t.word($0)) },
                rows: RoleMatrix.permissions.map { permission in
                    TableRow([.text(t("permission.\(permission.word)"))] + Role.allCases.map { cell(permission, $0, t) })
                }, narrow: .cards
            ).html
            block(t("roles.scope_title")) {
                ul(.class("effects")) {
                    for role in Role.allCases {
                        li {
                            strong { t.word(role) }
                            " "
                            t("roles.scope.\(role.rawValue)")
                        }
                    }
                }
            }
        }
    }

    private func cell(_ permission: Permission, _ role: Role, _ t: Localiser) -> HTML {
        switch RoleMatrix.cell(permission, role) {
        case .yes: .text(t("roles.yes"))
        case .enterpriseOnly: .text(t("roles.enterprise_only"))
        case .standardOnly: .text(t("roles.standard_only"))
        case .no: t.nothing
        }
    }
}
