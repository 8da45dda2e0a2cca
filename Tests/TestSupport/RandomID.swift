import FoundationEssentials
import Values

/// A new ID with the prefix of the given one: there is nothing under it.
package func unknownID(like id: String) -> String {
    let bits = UUIDBits(UUID())
    return "\(id.prefix(3))_\(TypeIDSuffix.encode(bits))"
}

/// The text with every TypeID in it replaced by one that names nothing.
package func withUnknownIDs(_ text: String) -> String {
    text.split(separator: "/", omittingEmptySubsequences: false).map { piece -> String in
        let isID = piece.utf8.count == 30 && piece.dropFirst(3).first == "_"
        return isID ? unknownID(like: String(piece)) : String(piece)
    }.joined(separator: "/")
}
