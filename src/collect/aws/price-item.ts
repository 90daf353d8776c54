import * as z from 'zod'
import { microOf } from './money.js'

/** The part of an entry of GetProducts that is read. Entries are JSON text, and the SDK hands them over as String objects. */
const itemSchema = z.object({
  product: z.object({
    sku: z.string().min(1),
    productFamily: z.string().default(''),
    attributes: z.record(z.string(), z.string()),
  }),
  terms: z.object({
    OnDemand: z
      .record(
        z.string(),
        z.object({
          effectiveDate: z.string().default(''),
          priceDimensions: z.record(
            z.string(),
            z.object({
              unit: z.string(),
              beginRange: z.string().default('0'),
              pricePerUnit: z.record(z.string(), z.string()),
            }),
          ),
        }),
      )
      .optional(),
  }),
})

export type PriceItem = {
  readonly sku: string
  readonly family: string
  readonly attributes: Readonly<Record<string, string>>
  /** Per unit of its first tier, in whole millionths of the currency; undefined: free, or in another currency. */
  readonly rate: number | undefined
  readonly unit: string
}

/**
 * An entry of GetProducts. Of several on-demand terms the one that came into force last counts; lists are published ahead,
 * so those that begin after `now` are passed over. Undefined for what is no such entry.
 */
export function readPriceItem(entry: unknown, currency: string, now: Date): PriceItem | undefined {
  const parsed = itemSchema.safeParse(parseJson(String(entry)))
  if (!parsed.success) return undefined
  const { product, terms } = parsed.data
  const inForce = Object.entries(terms.OnDemand ?? {})
    .filter(([, { effectiveDate }]) => effectiveDate === '' || !(Date.parse(effectiveDate) > now.getTime()))
    .sort(([a, { effectiveDate: from }], [b, { effectiveDate: to }]) =>
      from === to ? (a < b ? -1 : 1) : from < to ? 1 : -1,
    )
  const tiers = Object.entries(inForce[0]?.[1].priceDimensions ?? {}).sort(
    ([a, first], [b, second]) => Number(first.beginRange) - Number(second.beginRange) || (a < b ? -1 : 1),
  )
  const tier = tiers[0]?.[1]
  return {
    sku: product.sku,
    family: product.productFamily,
    attributes: product.attributes,
    rate: microOf(tier?.pricePerUnit[currency]),
    unit: tier?.unit ?? '',
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
