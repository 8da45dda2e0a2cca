import Billing
import HTTP

/// The table of section 7 as the rules hold it: nothing is written down a second time.
package enum RoleMatrix {
    /// Rights to what is not there yet: the rules hold them already, nobody is shown them.
    package static let withoutRoutes: Set<Permission> = [.issueVouchers]
    package static let permissions = Permission.allCases.filter { !withoutRoutes.contains($0) }

    package enum Cell: String, Sendable { case yes, no, enterpriseOnly, standardOnly }

    package static func cell(_ permission: Permission, _ role: Role) -> Cell {
        switch (
            Permission.allows(role, permission, in: .standard), Permission.allows(role, permission, in: .enterprise)
        ) {
        case (true, true): .yes
        case (false, true): .enterpriseOnly
        case (true, false): .standardOnly
        case (false, false): .no
        }
    }

    static func body() -> [UInt8] {
        jsonObject { json in
            json.field(
                "data",
                array: { json in
                    for role in Role.allCases {
                        json.object { json in
                            json.field("role", role.rawValue)
                            json.field(
                                "permissions", array: { json in for each in permissions { write(each, role, &json) } })
                        }
                    }
                })
        }
    }

    private static func write(_ permission: Permission, _ role: Role, _ json: inout JSONWriter) {
        let cell = cell(permission, role)
        json.object {
            $0.field("permission", permission.word)
            $0.field("allowed", cell != .no)
            $0.field("only_in", cell == .enterpriseOnly ? "enterprise" : cell == .standardOnly ? "standard" : nil)
        }
    }
}

extension Permission {
    /// The name on the wire and in the strings: `see_account`.
    package var word: String {
        rawValue.reduce(into: "") { word, letter in
            if letter.isUppercase { word += "_" + letter.lowercased() } else { word.append(letter) }
        }
    }
}
