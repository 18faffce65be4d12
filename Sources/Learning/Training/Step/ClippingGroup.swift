/// Parameters whose gradients are clipped together: one norm over all would let the hint disturb the booster, whose
/// steps it would shorten.
package enum ClippingGroup: Int, CaseIterable {
    case light, booster, shared, boosterTables
}
