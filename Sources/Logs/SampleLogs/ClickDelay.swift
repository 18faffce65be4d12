import CounterRandom
import Foundation

/// The delay between an impression and its click.
struct ClickDelay {
    enum Kind {
        /// Log-normal with a median of eight seconds, seconds to minutes; the few draws past the window are spread
        /// evenly within it.
        case withinWindow
        /// The window plus a log-normal time with a median of twenty minutes, capped at eleven hours.
        case late
    }

    let windowSeconds: Int

    /// Draws a delay in microseconds.
    func draw(_ kind: Kind, _ random: inout CounterRandom) -> Int64 {
        let window = Int64(windowSeconds) * 1_000_000
        switch kind {
        case .withinWindow:
            let delay = 8 * exp(1.2 * random.normal())
            let inside = delay < Double(windowSeconds) ? delay : random.uniform() * Double(windowSeconds)
            return min(max(Int64(inside * 1e6), 1), window - 1)
        case .late:
            // The cap keeps every late click, duplicates included, within the day after its impression's.
            return window + min(Int64(1_200e6 * exp(random.normal())), 39_600_000_000)
        }
    }
}
