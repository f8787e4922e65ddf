extension IDTag {
    package enum Export {}
}

/// One list that goes out as a file.
package typealias ExportID = ID<IDTag.Export>
