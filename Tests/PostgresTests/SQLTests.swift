import Postgres
import Testing

@Suite struct SQLTests {
    @Test func `an interpolated value becomes a bind`() {
        let name = "x'; drop table notes; --"
        let sql: SQL = "select * from notes where text = \(name) and amount > \(5)"
        #expect(sql.text == "select * from notes where text = $1 and amount > $2")
        #expect(sql.bindCount == 2)
    }

    @Test func `a string literal in an interpolation is a value, not SQL`() {
        let sql: SQL = "select \("now()")"
        #expect(sql.text == "select $1")
        #expect(sql.bindCount == 1)
    }

    @Test func `a nested fragment is renumbered`() {
        let inner: SQL = "(a = \(1) or b = \(2))"
        let sql: SQL = "select \(0) where \(inner) and c = \(3) and \(inner)"
        #expect(sql.text == "select $1 where (a = $2 or b = $3) and c = $4 and (a = $5 or b = $6)")
        #expect(sql.bindCount == 6)
    }

    @Test func `renumbering crosses a change in the number of digits`() {
        let nine: SQL = (1...9).map { n -> SQL in "\(n)" }.joined(separator: ", ")
        let sql: SQL = "\(nine); \(nine)"
        #expect(sql.text == "$1, $2, $3, $4, $5, $6, $7, $8, $9; $10, $11, $12, $13, $14, $15, $16, $17, $18")
    }

    @Test func `nested values keep their order on the server`() async throws {
        let inner: SQL = "\(10) + \(200)"
        let found = try await value("select \(3000) + \(inner) + \(40000) + \(inner)", as: Int64.self)
        #expect(found == 43_420)
    }

    @Test func `unsafeSQL is spliced in as it is`() {
        let sql: SQL = "select \(unsafeSQL: "a, b") from t where id = \(1)"
        #expect(sql.text == "select a, b from t where id = $1")
    }

    @Test func `a description shows the text and no value`() {
        let sql: SQL = "select \("secret")"
        #expect("\(sql)" == "select $1")
    }

    @Test func `fragments add up`() {
        var sql: SQL = "select 1"
        sql.append(" where \(1) = \(2)")
        #expect((sql + " limit \(3)").text == "select 1 where $1 = $2 limit $3")
    }
}
