/**
 * Text that a spreadsheet would run as a formula, behind any number of apostrophes: one that begins with apostrophes of its
 * own gets one more, or a reader could not tell it from one that was given its first.
 */
const FORMULA = /^'*[=+\-@\t\r＝＋－＠]/

/** For a cell of a CSV file: with an apostrophe in front where a spreadsheet would run it. */
export const disarmed = (text: string): string => (FORMULA.test(text) ? `'${text}` : text)

/** What `disarmed` was given. */
export const rearmed = (cell: string): string => (cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell)
