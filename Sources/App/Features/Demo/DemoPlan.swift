import Billing
import Values

/// What somebody does to a subscription in the course of the history. Amounts are whole units of its currency.
enum DemoDeed {
    case pay(Int64)
    case upgrade(Int64)
    case suspend(SuspensionReason, note: String? = nil)
    case reactivate(SuspensionReason, note: String? = nil)
    case cancel(String)
    case confirmServices
    case partner(String)
    case rename(String)
    /// To another department of its agreement, by name.
    case move(String)
    /// Announced by bank transfer; what then arrives is in hundredths of it: 100 pays, 0 never comes.
    case transfer(Int64, arrives: Int64)
    /// A payment that the sandbox declines.
    case declined
    /// Money that arrives and belongs to nothing that is known.
    case stray(Int64, words: String)
}

/// One subscription's life: when it is ordered, what it uses, and what people do to it, in days before today.
struct DemoLife {
    let key: String
    let account: String
    let offer: Offer
    let name: String
    /// Ordered so many days before today; an older one than the history is ordered on its first day.
    let ordered: Int
    /// The first payment in whole units; nil leaves it pending.
    var first: Int64?
    var workload = DemoWorkload.web
    var dailyMinor: Int64 = 0
    var growth: Int64 = 0
    var serviceAdministrator: String?
    var deeds: [(ago: Int, deed: DemoDeed)] = []
}

/// The sandbox tenant's story. Every state and every offer is there at its end:
/// pending · trial active, about to be deleted, deleted, upgraded · prepaid with several lots, nearly empty, exhausted, expired, suspended for two reasons,
/// reactivated and not yet set up again, deleted · enterprise active, cancelled, suspended on request, deleted.
enum DemoPlan {
    static let lives: [DemoLife] = xinghe + smallCustomers + enterprise

    private static let xinghe = [
        DemoLife(
            key: "xinghe-prod", account: "xinghe", offer: .prepaid, name: "生产环境", ordered: 430, first: 20_000, workload: .web,
            dailyMinor: 13_000, growth: 12,
            serviceAdministrator: "service@demo.test",
            deeds: [
                (428, .partner("PT-1002")), (300, .pay(20_000)), (180, .pay(30_000)), (60, .transfer(30_000, arrives: 100)),
                (40, .transfer(8_000, arrives: 0)), (9, .declined), (3, .transfer(20_000, arrives: 40)),
                (2, .stray(6_600, words: "货款 第二批")),
            ]),
        DemoLife(
            key: "xinghe-test", account: "xinghe", offer: .trial, name: "试用", ordered: 390, first: 1, workload: .batch,
            dailyMinor: 4_300,
            deeds: [(366, .upgrade(5_000)), (365, .rename("测试环境")), (250, .pay(5_000)), (120, .pay(5_000))]),
        DemoLife(
            key: "xinghe-bi", account: "xinghe", offer: .prepaid, name: "数据分析", ordered: 205, first: 12_000, workload: .data,
            dailyMinor: 7_500,
            serviceAdministrator: "service@demo.test"),
        DemoLife(
            key: "xinghe-site", account: "xinghe", offer: .prepaid, name: "官网", ordered: 395, first: 3_000, workload: .web,
            dailyMinor: 450),
        DemoLife(
            key: "xinghe-shop", account: "xinghe", offer: .prepaid, name: "旧版商城", ordered: 424, first: 1_000, workload: .web,
            dailyMinor: 3_200),
        DemoLife(key: "xinghe-lab", account: "xinghe", offer: .prepaid, name: "算法实验室", ordered: 5),
    ]

    private static let smallCustomers = [
        DemoLife(
            key: "blueharbor", account: "blueharbor", offer: .trial, name: "Route planner", ordered: 18, first: 1, workload: .web,
            dailyMinor: 2_200),
        DemoLife(
            key: "qingteng", account: "qingteng", offer: .trial, name: "影像归档", ordered: 42, first: 1, workload: .data,
            dailyMinor: 2_400),
        DemoLife(
            key: "maple-trial", account: "maple", offer: .trial, name: "Render trial", ordered: 300, first: 1, workload: .batch,
            dailyMinor: 3_000),
        DemoLife(
            key: "maple-render", account: "maple", offer: .prepaid, name: "Render farm", ordered: 150, first: 4_000,
            workload: .batch, dailyMinor: 1_500,
            deeds: [
                (148, .partner("PT-1001")), (25, .suspend(.requested, note: "Studio closed over the winter")),
                (20, .suspend(.operator, note: "Identity check outstanding")),
            ]),
        DemoLife(
            key: "yunshan", account: "yunshan", offer: .prepaid, name: "直播课堂", ordered: 240, first: 6_000, workload: .web,
            dailyMinor: 5_000,
            deeds: [(70, .pay(8_000))]),
        DemoLife(
            key: "yunshan-replay", account: "yunshan", offer: .prepaid, name: "课程回放", ordered: 330, first: 2_000, workload: .data,
            dailyMinor: 2_100,
            deeds: [(210, .pay(3_000)), (209, .confirmServices), (90, .pay(2_000)), (89, .confirmServices)]),
        DemoLife(key: "jiangnan-lapsed", account: "jiangnan", offer: .prepaid, name: "ERP 上云", ordered: 100),
        DemoLife(key: "jiangnan", account: "jiangnan", offer: .trial, name: "ERP 上云", ordered: 1),
        DemoLife(
            key: "finch", account: "finch", offer: .prepaid, name: "Storefront", ordered: 290, first: 5_000, workload: .web,
            dailyMinor: 900, growth: 15,
            deeds: [(289, .partner("PT-1003"))]),
    ]

    private static let enterprise = [
        DemoLife(
            key: "lingnan-dev", account: "lingnan-rd", offer: .enterprise, name: "研发平台", ordered: 422, workload: .web,
            dailyMinor: 42_000, growth: 8,
            serviceAdministrator: "service@demo.test"),
        DemoLife(
            key: "lingnan-ci", account: "lingnan-rd", offer: .enterprise, name: "持续集成", ordered: 380, workload: .batch,
            dailyMinor: 11_000, growth: 20,
            deeds: [(25, .move("数据平台部"))]),
        DemoLife(
            key: "lingnan-pos", account: "lingnan-stores", offer: .enterprise, name: "门店系统", ordered: 420, workload: .web,
            dailyMinor: 29_000, growth: 10,
            deeds: [(418, .partner("PT-1002"))]),
        DemoLife(
            key: "lingnan-oldpos", account: "lingnan-stores", offer: .enterprise, name: "旧收银系统", ordered: 415, workload: .data,
            dailyMinor: 4_000,
            deeds: [(30, .cancel("已迁移到门店系统"))]),
        DemoLife(
            key: "lingnan-promo", account: "lingnan-stores", offer: .enterprise, name: "周年庆活动页", ordered: 360, workload: .web,
            dailyMinor: 6_000,
            deeds: [(220, .cancel("活动已结束"))]),
        DemoLife(
            key: "lingnan-lake", account: "lingnan-data", offer: .enterprise, name: "数据湖", ordered: 400, workload: .data,
            dailyMinor: 24_000, growth: 14),
        DemoLife(
            key: "lingnan-pilot", account: "lingnan-data", offer: .enterprise, name: "报表试点", ordered: 130, workload: .data,
            dailyMinor: 3_000,
            deeds: [
                (60, .suspend(.requested)), (45, .reactivate(.requested)), (44, .confirmServices),
                (8, .suspend(.requested, note: "预算评审中")),
            ]),
        DemoLife(
            key: "alpine", account: "alpine", offer: .enterprise, name: "Web shop", ordered: 280, workload: .web,
            dailyMinor: 6_500, growth: 10),
    ]
}
