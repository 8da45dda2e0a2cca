import FoundationEssentials
import HTTP

/// What a use case answers: the status and the JSON object after it. A page takes what it needs of it; the API sends it as it is.
package struct Answer: Sendable {
    package var status: Int
    package var body: [UInt8]
    package var location: String?
    /// The object's version in quotes; of an answer that is given again, the whole tag that went out the first time.
    package var etag: String?
    /// The object the answer speaks of; when it is deleted, stored answers about it are erased with it (L3).
    package var objectID: UUID?
    package var isReplay = false
    /// Nothing was done: made is nothing that could be found, and no version is there that `If-Match` could name.
    private var isDryRun = false
    /// What is kept under the idempotency key in place of the body, where the body holds a secret that is shown once.
    package var keptBody: [UInt8]?
    /// The location is such a secret, too: it is kept nowhere.
    package var isLocationSecret = false

    package init(
        status: Int, body: [UInt8], location: String? = nil, etag: String? = nil, objectID: UUID? = nil, isReplay: Bool = false
    ) {
        self.status = status
        self.body = body
        self.location = location
        self.etag = etag
        self.objectID = objectID
        self.isReplay = isReplay
    }

    /// `ETag`: of every object with a version, and of whatever was made.
    package var entityTag: String? {
        // Kept before tags were kept with answers: a hash alone would be no version that `If-Match` could mean.
        if isReplay { return etag }
        if isDryRun { return nil }
        return etag != nil || status == 201 ? EntityTag.text(version: etag, body) : nil
    }

    /// The same answer, marked as one that changed nothing.
    func markedDryRun() -> Answer {
        var copy = self
        if copy.body.last == UInt8(ascii: "}") {
            copy.body.removeLast()
            copy.body += Array(#","dry_run":true}"#.utf8)
        }
        copy.location = nil
        copy.isDryRun = true
        return copy
    }
}
