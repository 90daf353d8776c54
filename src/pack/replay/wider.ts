/** A copy with more room at its end. */
export function wider(old: Int32Array, length: number): Int32Array {
  const made = new Int32Array(length)
  made.set(old)
  return made
}
