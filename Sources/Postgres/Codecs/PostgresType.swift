/// The number by which PostgreSQL knows a type.
@usableFromInline
package struct PostgresOID: RawRepresentable, Hashable, Sendable {
    @usableFromInline package let rawValue: UInt32
    @usableFromInline package init(rawValue: UInt32) { self.rawValue = rawValue }
    package init(_ rawValue: UInt32) { self.rawValue = rawValue }

    package static let bool = PostgresOID(16)
    package static let bytea = PostgresOID(17)
    package static let char = PostgresOID(18)
    package static let name = PostgresOID(19)
    package static let int8 = PostgresOID(20)
    package static let int2 = PostgresOID(21)
    package static let int4 = PostgresOID(23)
    package static let text = PostgresOID(25)
    package static let oid = PostgresOID(26)
    package static let json = PostgresOID(114)
    package static let bpchar = PostgresOID(1042)
    package static let varchar = PostgresOID(1043)
    package static let date = PostgresOID(1082)
    package static let timestamptz = PostgresOID(1184)
    package static let numeric = PostgresOID(1700)
    package static let uuid = PostgresOID(2950)
    package static let jsonb = PostgresOID(3802)
    package static let unknown = PostgresOID(705)
}

/// A type and the type of arrays of it.
package struct PostgresType: Hashable, Sendable {
    package let oid: PostgresOID
    /// Nil for a type that is an array itself: the arrays here have one dimension.
    package let arrayOID: PostgresOID?

    package init(oid: PostgresOID, arrayOID: PostgresOID?) {
        self.oid = oid
        self.arrayOID = arrayOID
    }

    package static let bool = PostgresType(oid: .bool, arrayOID: PostgresOID(1000))
    package static let bytea = PostgresType(oid: .bytea, arrayOID: PostgresOID(1001))
    package static let int2 = PostgresType(oid: .int2, arrayOID: PostgresOID(1005))
    package static let int4 = PostgresType(oid: .int4, arrayOID: PostgresOID(1007))
    package static let int8 = PostgresType(oid: .int8, arrayOID: PostgresOID(1016))
    package static let text = PostgresType(oid: .text, arrayOID: PostgresOID(1009))
    package static let date = PostgresType(oid: .date, arrayOID: PostgresOID(1182))
    package static let timestamptz = PostgresType(oid: .timestamptz, arrayOID: PostgresOID(1185))
    package static let numeric = PostgresType(oid: .numeric, arrayOID: PostgresOID(1231))
    package static let uuid = PostgresType(oid: .uuid, arrayOID: PostgresOID(2951))
    package static let jsonb = PostgresType(oid: .jsonb, arrayOID: PostgresOID(3807))
}
