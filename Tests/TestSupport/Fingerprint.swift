import FoundationEssentials
import Postgres
import Values

/// Everything that is stored of one tenant, table by table, as counts and checksums: two equal ones mean that nothing changed.
package struct Fingerprint: Equatable, Sendable {
    package let tables: [String: String]

    /// The tables that differ.
    package func differences(from other: Fingerprint) -> [String] {
        Set(tables.keys).union(other.tables.keys).filter { tables[$0] != other.tables[$0] }.sorted()
    }
}

extension TestDatabase {
    /// Every table that holds rows of tenants, from the catalogue, with the column that names the tenant.
    package func tenantTables() throws -> [(name: String, column: String)] {
        let rows = try superuser().query(
            """
            select n.nspname || '.' || c.relname, case when n.nspname = 'identity' and c.relname = 'tenants' then 'id' else 'tenant_id' end \
            from pg_class c join pg_namespace n on n.oid = c.relnamespace \
            where n.nspname in ('public', 'identity', 'work') and c.relkind in ('r', 'p') and c.relname not in ('bursar_migrations', 'api_key_uses') \
            and (n.nspname <> 'identity' or c.relname = 'tenants' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')) \
            order by 1
            """)
        return try rows.map { (try $0.get(0), try $0.get(1)) }
    }

    package func fingerprint(_ tenant: TenantID) throws -> Fingerprint {
        let parts = try tenantTables().map { table in
            "select '\(table.name)', count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) from \(table.name) t "
                + "where \(table.column) = '\(tenant.uuid.uuidString)'"
        }
        let rows = try superuser().query(SQL(unsafeSQL: parts.joined(separator: " union all ")))
        var tables: [String: String] = [:]
        for row in rows { tables[try row.get(0)] = try row.get(1, as: String.self) }
        return Fingerprint(tables: tables)
    }
}

extension TestTenant {
    package func fingerprint() throws -> Fingerprint { try bursar.database.fingerprint(id) }
}
