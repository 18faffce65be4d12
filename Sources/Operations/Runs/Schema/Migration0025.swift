// Written by jobs/migrations. Do not edit: change migrations/ and run it again.
// swift-format-ignore-file

extension JobSchema {
    static let m0025 = (name: "0025_feature_ids.sql", sql: #"""
-- A shorter form for the sets of ids that tell which ids of a day are new.

ALTER TABLE rocket.feature_ids
    ADD COLUMN coding text NOT NULL DEFAULT 'bits' CHECK (coding IN ('bits', 'gaps')),
    -- Neither form gets shorter by the server's compression, which takes longer than all else of the insert.
    ALTER COLUMN ids SET STORAGE EXTERNAL;
COMMENT ON COLUMN rocket.feature_ids.ids IS 'A set of ids, or of their remainders divided by 2^22 if the feature has more than 2^28 possible ids; in the form that coding names.';
COMMENT ON COLUMN rocket.feature_ids.coding IS 'bits: one bit per id, the lowest bit of the first byte is id 0. gaps: the differences between the ids in ascending order, the first from 0, seven bits per byte, lowest first, the highest bit set in all bytes of a difference but its last.';

"""#)
}
