/// The program's version, written beside everything that it makes.
public enum ProgramVersion {
    public static let current = "0.1.0"
}
