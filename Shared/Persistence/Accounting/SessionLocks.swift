import Domain
import Postgres

/// The advisory locks under which rows of `sessions` are written. All are held until the transaction ends.
///
/// **The rule.** A transaction writes a session's row only while it holds either that row's key lock and its NAS's lock
/// shared, or its NAS's lock exclusively; it inserts a row of an admission, or gives a row one, only while it holds the
/// admission's lock as well. Locks are taken in the order NASes, keys, admissions, each kind ascending, or only tried; so
/// nobody waits in a circle.
///
/// **Why that counts each octet once.** READ COMMITTED gives every statement a snapshot of its own, and a batch reads its
/// rows in a statement that begins after its locks were granted. So it sees all that earlier holders of these locks
/// committed, and nobody changes these rows or adds one of their keys until it commits: the transactions of one
/// key run as if one after the other, each folding its records into what the one before left, and a record that was folded
/// before changes nothing (`SessionLedger`). A worker that dies releases its locks with its transaction undone.
///
/// **Why not row locks.** A session that does not exist yet has no row to lock, and `FOR UPDATE` that had to wait returns
/// its rows as of the statement's start: a row that the other transaction inserted stays unseen and is inserted again.
/// Keys that collide in 64 bits, or NASes in 32, wait for each other needlessly and do no harm.
enum SessionLocks {
    /// The first half of the two-number locks of NASes.
    static let nasClass: Int32 = 0x4E41

    /// The lock of a session key: the hash's first eight bytes.
    static func number(key: UUID128) -> Int64 { Int64(bitPattern: key.high) }

    /// The lock of an admission: hashed apart from keys, and of a time-ordered id the part that is random.
    static func number(admission: AdmissionID) -> Int64 {
        Int64(bitPattern: admission.value.low &* 0x9E37_79B9_7F4A_7C15 ^ admission.value.high)
    }

    /// The lock of a NAS: its id is random in its last four bytes.
    static func number(nas: NASID) -> Int32 { Int32(truncatingIfNeeded: nas.value.low) }

    /// Waits for the locks, in the order of the array. One row with a count nobody needs.
    static let takeNASShared = "SELECT count(pg_advisory_xact_lock_shared($1, n)) FROM unnest($2::int4[]) AS k (n)"
    static let takeNASExclusive = "SELECT count(pg_advisory_xact_lock($1, n)) FROM unnest($2::int4[]) AS k (n)"
    /// Keys and admissions alike.
    static let takeNumbers = "SELECT count(pg_advisory_xact_lock(n)) FROM unnest($1::int8[]) AS k (n)"

    /// Waits for nothing: returns the positions, from 1, whose NAS and key could both be locked.
    static let tryBoth = """
        SELECT o FROM unnest($2::int4[], $3::int8[]) WITH ORDINALITY AS k (nas, key, o)
        WHERE CASE WHEN pg_try_advisory_xact_lock_shared($1, nas) THEN pg_try_advisory_xact_lock(key) ELSE false END
        """

    /// The statement that waits for the NASes' locks, all of them exclusively or all shared.
    static func nases(_ ids: some Sequence<NASID>, exclusively: Bool) -> PGStatement {
        let numbers = Set(ids.map { number(nas: $0) }).sorted()
        return PGStatement(
            exclusively ? takeNASExclusive : takeNASShared,
            [.int4(nasClass), .int4Array(numbers)]
        )
    }

    /// The statement that waits for the locks with these numbers.
    static func numbers(_ numbers: some Sequence<Int64>) -> PGStatement {
        PGStatement(takeNumbers, [.int8Array(Set(numbers).sorted())])
    }

    /// The statement that tries to lock the sessions with these NASes and keys.
    static func trying(_ sessions: [(nas: NASID, key: UUID128)]) -> PGStatement {
        PGStatement(
            tryBoth,
            [
                .int4(nasClass), .int4Array(sessions.map { number(nas: $0.nas) }),
                .int8Array(sessions.map { number(key: $0.key) }),
            ]
        )
    }
}
