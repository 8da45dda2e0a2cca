import Billing
import FoundationEssentials
import HTTP
import Postgres
import Values

/// Who did it, as a reader may know it: people and keys by their names. The provider's own people and keys have names for the provider alone; to
/// everybody else they are the provider.
package struct KnownActor: Sendable {
    package let actor: Actor
    /// Nil for a deadline, for work of the command line, and for whoever is gone.
    package let name: String?
    /// One of the provider's, read by somebody else: `name` is the provider's own.
    package let isTheProvider: Bool
    /// The ID is a key's. Only of an operator does its kind not say so; a key stays where it was when it is revoked.
    let isKey: Bool

    package var kind: Actor.Kind { actor.kind }
    package var id: UUID? { actor.id }

    /// What stands beside the word for its kind; nothing where that word is all.
    var shownName: String? { isTheProvider ? nil : name ?? typeID }

    /// Kind, ID, name and whether it is a key of the one in the row called `alias`. Looked up row by row, so that no join changes how the rows themselves are found.
    static func columns(of alias: SQL, _ tenant: SQL) -> SQL {
        """
        \(alias).actor_kind, \(alias).actor_id, coalesce(\
        (select \(Person.shownName(of: "au")) from users au where au.tenant_id = \(tenant) and au.id = \(alias).actor_id), \
        (select ak.name from identity.api_keys ak where ak.tenant_id = \(tenant) and ak.id = \(alias).actor_id)), \
        \(alias).actor_kind = 'operator' and exists (select from identity.api_keys ak where ak.tenant_id = \(tenant) and ak.id = \(alias).actor_id)
        """
    }
}

extension Columns {
    mutating func knownActorIfAny(_ context: TenantContext) throws -> KnownActor? {
        let kind: String? = try next()
        let id: UUID? = try next()
        let name: String? = try next()
        let isOperatorsKey: Bool? = try next()
        guard let kind else { return nil }
        guard let kind = Actor.Kind(rawValue: kind) else { throw UnknownWord() }
        let isTheProvider = kind == .operator && !context.principal.isOperator
        return KnownActor(
            actor: Actor(kind: kind, id: id), name: isTheProvider ? context.tenant.name : name, isTheProvider: isTheProvider,
            isKey: isOperatorsKey ?? false)
    }

    /// Where there always is one.
    mutating func knownActor(_ context: TenantContext) throws -> KnownActor {
        guard let actor = try knownActorIfAny(context) else { throw UnknownWord() }
        return actor
    }
}

extension JSONWriter {
    /// An actor's ID in the form of its kind.
    mutating func field(_ name: String, _ known: KnownActor) {
        field(
            name,
            object: {
                $0.field("kind", known.kind.rawValue)
                $0.field("id", known.typeID)
                $0.field("name", known.name)
            })
    }
}

extension Schema {
    static let actor: Schema = .object([
        .init("kind", .word(["user", "key", "timer", "operator"])), .init("id", .nullable(.text(max: 40))),
        .init(
            "name", .nullable(.text(max: 300)),
            "A person's or a key's name; of the provider's own people and keys others read the provider's. Null for a deadline."),
    ])
}
