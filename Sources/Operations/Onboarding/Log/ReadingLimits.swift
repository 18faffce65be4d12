/// How much of a log `rocket init` reads. All but the time are counts, so that the same log gives the same draft on a
/// busy server too.
struct ReadingLimits: Sendable {
    /// Counting the rows is given up after this time.
    var countMilliseconds = 30_000
    /// Likewise each other statement.
    var statementMilliseconds = 30_000
    /// Likewise reading a log that was counted: what is read of it does not depend on how busy the server is.
    var readingMilliseconds = 60_000
    /// Values of a log that is read whole: five million rows of ten columns, some ten seconds.
    var cells = 50_000_000
    /// Rows by which columns are described: enough to see values of one row in a thousand.
    var sampleRows = 60_000
    /// The newest rows, on which crosses are tried.
    var recentRows = 500_000
    /// Values of the newest rows, four bytes each.
    var recentCells = 20_000_000
    /// Pages of a table that is too large to be counted, of which the sample is made.
    var sampledPages = 4_000
    /// Where those pages hold fewer rows, stretches of time are tried, too.
    var leastRows = 2_000
    /// The same for stretches of time of a view that is too large to be counted.
    var slices = 40
    /// The most stretches, for logs of more days than that.
    var mostSlices = 400
    /// Pages of each part of a partitioned table: the server takes the same pages of every part, so that a few of each
    /// would be of the same hours of each day.
    var pagesOfPart = 20
}
