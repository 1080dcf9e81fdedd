package tessella.models.report;

/** A part of a page, with a heading of its own. */
interface Section {
    void write(Markup out);
}
