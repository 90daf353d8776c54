import * as z from 'zod'

/** The shape of a catalog file; the meaning of its fields is in the header of tools/build-catalog.mjs. */
export const FORMAT = 'k8s-cost/price-catalog'
export const SCHEMA_VERSION = 1

/** What is wrong with the text of a catalog, in one line that names the place. */
export class CatalogDamage extends Error {}

/** Long lists are checked value by value as they are decoded, which is much cheaper than by the schema. */
const list = z.custom<readonly unknown[]>((value) => Array.isArray(value), 'want a list')
const rate = z.int().positive()
const rateTable = z.object({ source: z.string(), rates: list })

export const regionSchema = z.object({
  currency: z.string().min(1).optional(),
  onDemand: rateTable.optional(),
  spot: z.array(rateTable.extend({ scope: z.enum(['region', 'zone-id', 'zone-name']), place: z.string() })).optional(),
  advice: z.object({ source: z.string(), bands: z.array(z.string().min(1)), codes: list }).optional(),
  offerings: z
    .object({
      source: z.string(),
      zoneIds: z.record(z.string(), z.string()),
      zoneNames: z.record(z.string(), z.string()),
    })
    .optional(),
  ebs: z.object({ source: z.string(), perMonth: z.record(z.string(), rate) }).optional(),
  controlPlane: z.object({ source: z.string(), standard: rate, extended: rate }).optional(),
  fargate: z
    .array(
      z.object({
        source: z.string(),
        os: z.enum(['linux', 'windows']),
        arch: z.enum(['amd64', 'arm64']),
        vcpuHour: rate,
        gbHour: rate,
      }),
    )
    .optional(),
  localZones: z
    .record(z.string(), z.object({ kind: z.enum(['local-zone', 'wavelength']), onDemand: rateTable }))
    .optional(),
})

export const catalogSchema = z.object({
  sources: z.record(z.string(), z.object({ origin: z.string().min(1), asOf: z.string().min(1) })),
  names: z.array(z.string().regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, 'want a name like m5.large')),
  types: z.object({
    branchEniSource: z.string().optional(),
    overheadSource: z.string().optional(),
    lists: z.object({
      accelerators: z.array(
        z.array(
          z.object({
            kind: z.enum(['gpu', 'neuron', 'other']),
            manufacturer: z.string(),
            name: z.string(),
            count: z.int().positive(),
            memoryMib: z.int().positive().exactOptional(),
            coresPerDevice: z.int().positive().exactOptional(),
          }),
        ),
      ),
      cpus: z.array(z.string()),
      sources: z.array(z.string()),
    }),
    columns: z.record(z.string(), list),
  }),
  regions: z.record(z.string(), regionSchema),
  publicIpv4: z.object({ source: z.string(), inUse: rate }).optional(),
})

export type CatalogText = z.infer<typeof catalogSchema>
export type RegionText = z.infer<typeof regionSchema>

/** What every part needs: the shared index of instance types, and a check of source ids. */
export type Decoder = {
  readonly names: readonly string[]
  readonly indexOf: ReadonlyMap<string, number>
  readonly source: (id: string, path: string) => string
}
