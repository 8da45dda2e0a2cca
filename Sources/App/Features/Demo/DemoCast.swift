import Billing
import Values

/// Somebody who signs in to the demo.
package struct DemoSignIn: Sendable {
    package let tenant: String
    package let email: String
    /// As the API and the command line name roles: `account_admin`, `finance`, `reader`, `service_admin`, `enterprise_admin`, `operator`.
    package let role: String
    let firstName: String
    let lastName: String

    package static let password = "demo"

    /// Everybody, tenant by tenant.
    package static let all: [DemoSignIn] = [
        DemoSignIn(tenant: "northwind", email: "admin@demo.test", role: "account_admin", firstName: "悦", lastName: "林"),
        DemoSignIn(tenant: "northwind", email: "finance@demo.test", role: "finance", firstName: "思远", lastName: "陈"),
        DemoSignIn(tenant: "northwind", email: "reader@demo.test", role: "reader", firstName: "静", lastName: "周"),
        DemoSignIn(tenant: "northwind", email: "service@demo.test", role: "service_admin", firstName: "浩然", lastName: "吴"),
        DemoSignIn(tenant: "northwind", email: "enterprise@demo.test", role: "enterprise_admin", firstName: "嘉敏", lastName: "何"),
        DemoSignIn(tenant: "northwind", email: "operator@demo.test", role: "operator", firstName: "Nora", lastName: "Lindgren"),
        DemoSignIn(
            tenant: "contoso", email: "operator@contoso.example", role: "operator", firstName: "Daniel", lastName: "Okafor"),
        DemoSignIn(
            tenant: "contoso", email: "admin@contoso.example", role: "account_admin", firstName: "Priya", lastName: "Raman"),
        DemoSignIn(
            tenant: "contoso", email: "enterprise@contoso.example", role: "enterprise_admin", firstName: "Helen",
            lastName: "Brandt"),
    ]

    static func people(of tenant: String) -> [DemoSignIn] { all.filter { $0.tenant == tenant } }
}

/// The customers of the sandbox tenant.
struct DemoAccount {
    let key: String
    let name: String
    var currency = Currency.cny
    var zone = "Asia/Shanghai"
    var locale = "zh-Hans"
    let administrator: (email: String, firstName: String, lastName: String)
    /// The enrollment's key, for an enterprise account.
    var enrollment: String?
    var department: String?

    static let all: [String: DemoAccount] = Dictionary(uniqueKeysWithValues: (standard + enterprise).map { ($0.key, $0) })

    private static let standard = [
        DemoAccount(key: "xinghe", name: "星河智能科技有限公司", administrator: ("admin@demo.test", "悦", "林")),
        DemoAccount(
            key: "blueharbor", name: "Blue Harbor Logistics Ltd", locale: "en",
            administrator: ("maya.chen@blueharbor.example", "Maya", "Chen")),
        DemoAccount(key: "qingteng", name: "青藤医疗科技有限公司", administrator: ("gao.lei@qingteng.example", "磊", "高")),
        DemoAccount(
            key: "maple", name: "Maple Studio", locale: "en", administrator: ("owen.hart@maplestudio.example", "Owen", "Hart")),
        DemoAccount(key: "yunshan", name: "云杉在线教育有限公司", administrator: ("xu.ning@yunshan.example", "宁", "许")),
        DemoAccount(key: "jiangnan", name: "江南纺织股份有限公司", administrator: ("shen.qian@jiangnan.example", "倩", "沈")),
        DemoAccount(
            key: "finch", name: "Harbor & Finch Ltd", currency: .usd, zone: "Europe/London", locale: "en",
            administrator: ("ada.finch@harborfinch.example", "Ada", "Finch")),
    ]

    private static let enterprise = [
        DemoAccount(
            key: "lingnan-rd", name: "岭南零售 · 研发中心", administrator: ("enterprise@demo.test", "嘉敏", "何"), enrollment: "lingnan",
            department: "研发中心"),
        DemoAccount(
            key: "lingnan-stores", name: "岭南零售 · 门店数字化", administrator: ("tang.wei@lingnan.example", "伟", "唐"),
            enrollment: "lingnan",
            department: "门店数字化部"),
        DemoAccount(
            key: "lingnan-data", name: "岭南零售 · 数据平台", administrator: ("luo.min@lingnan.example", "敏", "罗"), enrollment: "lingnan",
            department: "数据平台部"),
        DemoAccount(
            key: "alpine", name: "Alpine Outdoor Group AG", currency: .usd, zone: "Europe/Zurich", locale: "en",
            administrator: ("j.keller@alpine.example", "Jonas", "Keller"), enrollment: "alpine", department: "E-commerce"),
    ]
}

/// The enterprise agreements of the sandbox tenant, with their departments.
struct DemoEnrollment {
    struct Department {
        let name: String
        let costCentre: String
        /// Whole units of the enrollment's currency.
        let quota: Int64
    }
    let key: String
    let number: String
    let name: String
    let currency: Currency
    /// Whole units.
    let commitment: Int64
    let administrator: (email: String, firstName: String, lastName: String)
    let departments: [Department]

    static let all: [String: DemoEnrollment] = [
        "lingnan": DemoEnrollment(
            key: "lingnan", number: "E-80417", name: "岭南零售集团", currency: .cny, commitment: 480_000,
            administrator: ("enterprise@demo.test", "嘉敏", "何"),
            departments: [
                Department(name: "研发中心", costCentre: "RD-100", quota: 320_000),
                Department(name: "门店数字化部", costCentre: "ST-200", quota: 110_000),
                Department(name: "数据平台部", costCentre: "DP-300", quota: 120_000),
                Department(name: "创新孵化组", costCentre: "IN-900", quota: 20_000),
            ]),
        "alpine": DemoEnrollment(
            key: "alpine", number: "E-80466", name: "Alpine Outdoor Group", currency: .usd, commitment: 20_000,
            administrator: ("j.keller@alpine.example", "Jonas", "Keller"),
            departments: [Department(name: "E-commerce", costCentre: "EC-01", quota: 20_000)]),
    ]

    static let partners = [("PT-1001", "Brightwater Consulting"), ("PT-1002", "华信云服务有限公司"), ("PT-1003", "Redwood Systems GmbH")]
}
