import CPango

/// Owns what draws one PDF: cairo's surface and Pango's layouts, one for each column.
///
/// The font map is its own, so that nothing of Pango is shared with another document: one may be used from any thread, by one at a
/// time.
@safe final class PDFCanvas {
    private static let size = 7.0
    private static let mostLines: Int32 = 12

    private var folder: ScratchFolder?
    // SAFETY: each from the call that made it until `release()`, which the end calls once; used by one thread at a time.
    private let surface: OpaquePointer
    private let cairo: OpaquePointer
    private let fonts: UnsafeMutablePointer<PangoFontMap>
    private let context: OpaquePointer
    private let plain: OpaquePointer
    private let bold: OpaquePointer
    private let free: OpaquePointer
    private var columns: [OpaquePointer] = unsafe []

    /// Sizes in points of 1/72 inch; a column's is that of its text.
    init(title: String, width: Double, height: Double, columns widths: [Double]) throws(DocumentError) {
        let folder = try ScratchFolder()
        // Cairo and Pango give objects that hold an error instead of nothing, and end the process where memory is out.
        guard let surface = unsafe cairo_pdf_surface_create(folder.file, width, height),
            let cairo = unsafe cairo_create(surface), let fonts = unsafe pango_cairo_font_map_new(),
            let context = unsafe pango_font_map_create_context(fonts), let free = unsafe pango_layout_new(context),
            let plain = unsafe pango_font_description_from_string("Sans"),
            let bold = unsafe pango_font_description_from_string("Sans Bold")
        else { preconditionFailure("cairo or Pango returned nothing") }
        self.folder = consume folder
        unsafe self.surface = surface
        unsafe self.cairo = cairo
        unsafe self.fonts = fonts
        unsafe self.context = context
        unsafe self.plain = plain
        unsafe self.bold = bold
        unsafe self.free = free
        unsafe cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title)
        unsafe pango_font_description_set_absolute_size(plain, Self.size * Double(PANGO_SCALE))
        unsafe pango_font_description_set_absolute_size(bold, Self.size * Double(PANGO_SCALE))
        unsafe pango_cairo_update_context(cairo, context)
        unsafe pango_layout_set_font_description(free, plain)
        unsafe cairo_set_line_width(cairo, 0.3)
        for width in widths { add(width) }
        try check()
    }

    private func add(_ width: Double) {
        guard let layout = unsafe pango_layout_new(context) else { preconditionFailure("Pango returned nothing") }
        unsafe pango_layout_set_width(layout, Int32(max(1, width) * Double(PANGO_SCALE)))
        unsafe pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
        // A line break within a text is shown as a mark, so that the limit on lines holds for all of it.
        unsafe pango_layout_set_single_paragraph_mode(layout, 1)
        unsafe pango_layout_set_height(layout, -Self.mostLines)
        unsafe pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END)
        unsafe columns.append(layout)
    }

    deinit {
        unsafe columns.forEach { unsafe cpango_release_layout($0) }
        unsafe cpango_release_layout(free)
        unsafe pango_font_description_free(plain)
        unsafe pango_font_description_free(bold)
        unsafe cpango_release_context(context)
        unsafe cpango_release_font_map(fonts)
        unsafe cairo_destroy(cairo)
        unsafe cairo_surface_destroy(surface)
    }

    /// Lays a row out and returns how high it is.
    func layOut(_ texts: [String], isHeading: Bool) -> Double {
        var most: Int32 = 0
        for (column, text) in texts.enumerated() where unsafe column < columns.count {
            let layout = unsafe columns[column]
            unsafe pango_layout_set_font_description(layout, isHeading ? bold : plain)
            unsafe pango_layout_set_text(layout, text, -1)
            var (width, height) = (Int32(0), Int32(0))
            unsafe pango_layout_get_size(layout, &width, &height)
            most = max(most, height)
        }
        return Double(most) / Double(PANGO_SCALE)
    }

    /// Draws a column's text as it was laid out.
    func draw(_ column: Int, x: Double, y: Double) {
        unsafe cairo_move_to(cairo, x, y)
        unsafe pango_cairo_show_layout(cairo, columns[column])
    }

    /// Draws one line of text.
    func write(_ text: String, x: Double, y: Double) {
        unsafe pango_layout_set_text(free, text, -1)
        unsafe cairo_move_to(cairo, x, y)
        unsafe pango_cairo_show_layout(cairo, free)
    }

    /// Draws a thin line across.
    func line(from left: Double, to right: Double, y: Double) {
        unsafe cairo_move_to(cairo, left, y)
        unsafe cairo_line_to(cairo, right, y)
        unsafe cairo_stroke(cairo)
    }

    /// Ends the page; what is drawn next stands on another.
    func endPage() { unsafe cairo_show_page(cairo) }

    /// Throws where anything drawn so far could not be.
    func check() throws(DocumentError) {
        let codes = unsafe [cairo_status(cairo), cairo_surface_status(surface)]
        for code in codes where code != CAIRO_STATUS_SUCCESS { throw .library(name: "cairo", code: Int(code.rawValue)) }
    }

    /// Puts the file together; nothing may be drawn afterwards.
    func finish() throws(DocumentError) -> OpenFile {
        try check()
        unsafe cairo_surface_finish(surface)
        let code = unsafe cairo_surface_status(surface)
        guard code == CAIRO_STATUS_SUCCESS else { throw .library(name: "cairo", code: Int(code.rawValue)) }
        guard let folder = folder.take() else { throw .ended }
        return try folder.open()
    }
}
