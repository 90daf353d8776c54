/**
 * AWS's decimal text ("0.0960000000") to whole millionths. Undefined for what is no number, and for 0 and below: AWS lists
 * what is paid for elsewhere at 0, and a price that is not known is never 0.
 */
export function microOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(\.\d+)?([eE]-?\d+)?$/.test(text.trim())) return undefined
  const micro = Math.round(Number(text) * 1e6)
  return Number.isSafeInteger(micro) && micro > 0 ? micro : undefined
}
