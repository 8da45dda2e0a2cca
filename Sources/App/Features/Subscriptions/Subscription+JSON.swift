import Billing
import HTTP
import Values

extension Subscription {
    /// The API's `subscription` object. `now` is the tenant's time: days left and what comes next depend on it.
    func write(to json: inout JSONWriter, at now: Instant) {
        json.object { json in
            json.field("id", id)
            json.field("object", "subscription")
            json.field("account_id", accountID)
            json.field("order_id", orderID)
            json.field("name", name)
            json.field("offer", offer.rawValue)
            json.field("state", state.rawValue)
            json.field("suspension_reasons", words: facts.reasons.rawValues)
            json.field("account_administrator", accountAdministrator)
            json.field("service_administrator", serviceAdministrator)
            if let partner {
                json.field(
                    "partner",
                    object: {
                        $0.field("code", partner.code)
                        $0.field("company_name", partner.companyName)
                    })
            } else {
                json.nullField("partner")
            }
            json.field("enrollment_id", enrollmentID)
            json.field("department_id", departmentID)
            json.field("purchased_at", facts.purchasedAt)
            json.field("activated_at", facts.activatedAt)
            json.field("suspended_at", facts.suspendedAt)
            json.field("delete_at", facts.deleteAt)
            json.field("deleted_at", facts.deletedAt)
            json.field("services_configured", facts.servicesConfigured)
            json.field("policy_version", Int64(policy.version))
            writeCredit(to: &json, at: now)
            json.field(
                "what_next",
                array: { json in
                    for consequence in whatNext {
                        json.object {
                            $0.field("at", consequence.at)
                            $0.field("event", consequence.event)
                            $0.field("rule", consequence.rule)
                            $0.field("policy_version", Int64(policy.version))
                            if let forfeited = consequence.forfeited {
                                $0.field("forfeited", forfeited)
                            } else {
                                $0.nullField("forfeited")
                            }
                        }
                    }
                })
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }

    private func writeCredit(to json: inout JSONWriter, at now: Instant) {
        guard offer != .enterprise else { return json.nullField("credit") }
        json.field(
            "credit",
            object: { json in
                json.field("remaining", remaining(at: now))
                json.field("outstanding", outstanding)
                json.field("written_off", writtenOff)
                json.field("written_off_at", writtenOffAt)
                json.field("expires_at", creditExpiry(at: now))
                json.field("days_left", daysLeft(at: now).map(Int64.init))
                json.field(
                    "lots",
                    array: { json in
                        for lot in lots {
                            json.object {
                                $0.field("id", lot.credit.id)
                                $0.field("amount", lot.credit.amount)
                                $0.field("remaining", lot.credit.remaining)
                                $0.field("source", lot.credit.source.rawValue)
                                $0.field("order_id", lot.orderID)
                                $0.field("effective_at", lot.credit.effectiveAt)
                                $0.field("expires_at", lot.credit.expiresAt)
                            }
                        }
                    })
            })
    }

    func body(at now: Instant) -> [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        write(to: &writer, at: now)
        return writer.bytes
    }

    /// Changes with every change of the row.
    package var etag: String { "\"\(version)\"" }

    /// The answer that an action gives: the object after it.
    func answer(_ status: Int = 200, at now: Instant) -> Answer {
        Answer(
            status: status, body: body(at: now), location: status == 201 ? Endpoint.getSubscription.path(id.description) : nil,
            etag: etag,
            objectID: id.uuid)
    }
}
