import Names
import Testing

@Suite struct NamesTests {
    @Test("Names as psql prints them lose their quotes; a name with a point or a quote in it keeps them")
    func relations() {
        for (written, meant) in [
            ("shop.ad_views", "shop.ad_views"), ("\"Ads\".\"AdEvents\"", "Ads.AdEvents"), ("\"AdEvents\"", "AdEvents"),
            ("shop.\"Ad Views\"", "shop.Ad Views"), ("\"a.b\".\"c\"", "\"a.b\".\"c\""),
            ("\"a\".\"say \"\"hi\"\"\"", "\"a\".\"say \"\"hi\"\"\""), ("\"open", "\"open"), ("a\"b", "a\"b"),
            ("\"a\".\"b\".\"c\"", "\"a\".\"b\".\"c\""),
        ] {
            #expect(SQLName.relation(written) == meant)
            #expect(SQLName.relation(SQLName.relation(written)) == meant)
        }
        #expect(SQLName.parts("\"a.b\".\"say \"\"hi\"\"\"") == ["a.b", "say \"hi\""])
        #expect(SQLName.quotedRelation("Ads.AdEvents") == "\"Ads\".\"AdEvents\"")
    }

    @Test("A column in quotes is the name within them; quotes in the midst of a name are its own")
    func columns() {
        for (written, meant) in [
            ("EventId", "EventId"), ("\"EventId\"", "EventId"), ("\"a.b\"", "a.b"), ("\"a\"\"b\"", "a\"b"),
            ("say \"hi\" now", "say \"hi\" now"), ("\"a\".\"b\"", "\"a\".\"b\""),
        ] {
            #expect(SQLName.column(written) == meant)
        }
    }

    @Test("What was probably meant is the same letters in another spelling, or a few letters off")
    func nearby() {
        #expect(nearest(to: "ad_events", among: ["AdEvent", "AdEvents", "adverts"]) == "AdEvents")
        #expect(nearest(to: "eventid", among: ["EventId", "EventTime"]) == "EventId")
        #expect(nearest(to: "batch_sise", among: ["batch_size", "epochs"]) == "batch_size")
        #expect(nearest(to: "price", among: ["epochs"]) == nil)
    }
}
