import FoundationEssentials
import Glibc

/// Gives everything below `path` the owner of `model`, as a server that runs as another user needs it.
func giveAway(_ path: String, like model: String) throws {
    var status = stat()
    guard unsafe stat(model, &status) == 0 else { return }
    let below = try FileManager.default.subpathsOfDirectory(atPath: path)
    for name in [""] + below { unsafe chown(path + "/" + name, status.st_uid, status.st_gid) }
}
