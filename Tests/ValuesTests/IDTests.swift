import Foundation
import Testing
import Values

@Suite struct IDTests {
    @Test(arguments: [
        ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
        ("00000000000000000000000001", "00000000-0000-0000-0000-000000000001"),
        ("0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a"),
        ("0000000000000000000000000g", "00000000-0000-0000-0000-000000000010"),
        ("00000000000000000000000010", "00000000-0000-0000-0000-000000000020"),
        ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
        ("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ])
    func `the vectors of the TypeID specification hold`(suffix: String, uuid: String) throws {
        let id = try #require(SubscriptionID("sub_\(suffix)"))
        #expect(id.uuid == UUID(uuidString: uuid))
        #expect(id.description == "sub_\(suffix)")
        #expect(SubscriptionID(UUID(uuidString: uuid)!) == id)
    }

    @Test(arguments: [
        "", "sub_", "sub", "acc_01h455vb4pex5vsknk084sn02q", "01h455vb4pex5vsknk084sn02q", "_01h455vb4pex5vsknk084sn02q",
        "sub_8zzzzzzzzzzzzzzzzzzzzzzzzz", "sub_01h455vb4pex5vsknk084sn02", "sub_01h455vb4pex5vsknk084sn02q0",
        "sub_01H455VB4PEX5VSKNK084SN02Q",
        "SUB_01h455vb4pex5vsknk084sn02q", "sub_01h455vb4pex5vsknk084sn02i", "sub_01h455vb4pex5vsknk084sn02l",
        "sub_01h455vb4pex5vsknk084sn02o",
        "sub_01h455vb4pex5vsknk084sn02u", "sub_01h455vb4pex5vsknk084sn0-q", "sub-01h455vb4pex5vsknk084sn02q",
        " sub_01h455vb4pex5vsknk084sn02",
        "sub_01h455vb4pex5vsknk084sn0é", "sub_01h455vb4pex5vsknk084sn02\0", "sub_01890a5d-ac96-774b-bcce-b302099a8057",
    ])
    func `anything else is refused`(text: String) { #expect(SubscriptionID(text) == nil) }

    @Test func `version 7 carries the time, the version and the variant`() {
        let now = instant("2026-11-20T21:28:00.123456Z")
        let bits = UUIDv7.make(at: now, random: (.max, .max))
        #expect(UUIDv7.instant(of: bits).rfc3339 == "2026-11-20T21:28:00.123Z")
        #expect(bits.uuid.uuidString.dropFirst(14).first == "7")
        #expect(bits.uuid.uuidString.dropFirst(19).first == "B")
        let zeros = UUIDv7.make(at: now, random: (0, 0))
        #expect(zeros.uuid.uuidString.hasSuffix("-7720-8000-000000000000"), "456 of 1000, and two bits of chance")
        #expect(zeros < bits)
        #expect(bits < UUIDv7.make(at: now.adding(microseconds: 1_000), random: (0, 0)))
        #expect(UUIDv7.instant(of: UUIDv7.make(at: Instant(microseconds: -5), random: (1, 1))) == Instant(microseconds: 0))
        #expect(UUIDBits(bits.uuid) == bits)
    }

    @Test func `what was made later sorts later: to the microsecond, and one after the other within it`() {
        let first = instant("2026-11-20T21:28:00.123456Z")
        #expect(UUIDv7.make(at: first, random: (.max, .max)) < UUIDv7.make(at: first.adding(microseconds: 1), random: (0, 0)))
        let last = instant("2026-11-20T21:28:00.123999Z")
        #expect(UUIDv7.make(at: last, random: (.max, .max)) < UUIDv7.make(at: last.adding(microseconds: 1), random: (0, 0)))
        var bits = UUIDv7.make(at: first, random: (.max, .max))
        for _ in 0..<4 {
            let next = UUIDv7.following(bits)
            #expect(
                bits < next && next.uuid.uuidString.dropFirst(14).first == "7"
                    && "89AB".contains("\(next.uuid)".dropFirst(19).first ?? "-"))
            bits = next
        }
        // The end of a millisecond: the next one begins.
        let end = UUIDv7.following(UUIDBits(high: bits.high | 0x0FFF, low: 0xBFFF_FFFF_FFFF_FFFF))
        #expect(UUIDv7.instant(of: end).rfc3339 == "2026-11-20T21:28:00.124Z" && end.high & 0xF000 == 0x7000)
    }

    @Test func `text order is time order`() {
        let ids = (0..<200).map {
            LotID(at: Instant(secondsSinceEpoch: Int64($0) * 86_400_000), random: (UInt64($0) &* 977, UInt64($0) &* 991))
        }
        #expect(ids.map(\.description) == ids.map(\.description).sorted())
        #expect(ids == ids.sorted())
    }

    @Test func `no two kinds share a prefix`() {
        let prefixes = [
            TenantTag.prefix, AccountTag.prefix, EnrollmentTag.prefix, DepartmentTag.prefix, SubscriptionTag.prefix,
            OrderTag.prefix, UserTag.prefix,
            PartnerTag.prefix, LotTag.prefix, PaymentTag.prefix, EventTag.prefix, APIKeyTag.prefix, TransferTag.prefix,
            LedgerEntryTag.prefix,
            CertificateTag.prefix, TransitionTag.prefix, AuditTag.prefix, UsageRecordTag.prefix, SessionTag.prefix,
            TimerTag.prefix, MailTag.prefix, WebhookEndpointTag.prefix, WebhookDeliveryTag.prefix,
        ]
        #expect(Set(prefixes).count == prefixes.count)
    }
}
