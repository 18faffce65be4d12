import AdLogs

/// The columns of the generated impressions in addition to `impression_id`, `impressed_at` and `user_id`, in the order
/// in which they are written.
public enum SampleLogColumns {
    public static let added: [LogColumn] = [
        LogColumn(name: "gender", type: .text, comment: "User: f, m, x."),
        LogColumn(name: "age_group", type: .text, comment: "User: age in years."),
        LogColumn(name: "city", type: .text, comment: "User: city."),
        LogColumn(name: "device_os", type: .text, comment: "User: operating system."),
        LogColumn(name: "member_level", type: .text, comment: "User: level of the loyalty programme."),
        LogColumn(name: "interests", type: .textArray, comment: "User: categories of interest."),
        LogColumn(name: "ad_id", type: .text, comment: "Ad."),
        LogColumn(name: "advertiser", type: .text, comment: "Ad: advertiser."),
        LogColumn(name: "category", type: .text, comment: "Ad: category."),
        LogColumn(name: "format", type: .text, comment: "Ad: banner, native, video, carousel."),
        LogColumn(name: "creative", type: .text, comment: "Ad: template of the creative."),
        LogColumn(name: "price", type: .doublePrecision, comment: "Ad: advertised price in currency units."),
        LogColumn(name: "site", type: .text, comment: "Place: kind of site."),
        LogColumn(name: "slot", type: .text, comment: "Place: position on the page."),
        LogColumn(name: "hour_of_day", type: .text, comment: "Time: hour in UTC, 00 to 23."),
        LogColumn(name: "day_of_week", type: .text, comment: "Time: weekday in UTC."),
        LogColumn(
            name: "true_click_probability", type: .doublePrecision,
            comment: "Exact probability of a click within the attribution window."),
    ]

    /// All columns of the impressions in the order in which they are written.
    static let impressions = ["impression_id", "impressed_at", "user_id"] + added.map(\.name)
    /// The columns of the clicks in the order in which they are written; the database fills `click_id`.
    static let clicks = ["impression_id", "clicked_at"]
}
